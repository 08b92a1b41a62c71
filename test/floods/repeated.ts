/**
 * A server may close a kept connection just when it is used again. Browsers then repeat the request, fetch rejects
 * with a TypeError.
 */
export async function repeated<T>(ask: () => Promise<T>, attempts = 3): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    // By name: the TypeError of fetch is of another realm than the test's.
    if (attempts === 1 || (error as Error).name !== 'TypeError') throw error;
    return repeated(ask, attempts - 1);
  }
}
