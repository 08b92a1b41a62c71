/**
 * A server may close a kept connection just when it is used again. Browsers then repeat the request, fetch rejects
 * with a TypeError.
 */
export async function repeated<T>(ask: () => Promise<T>, attempts = 3): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (attempts === 1 || !(error instanceof Error && error.name === 'TypeError')) throw error;
    return repeated(ask, attempts - 1);
  }
}
