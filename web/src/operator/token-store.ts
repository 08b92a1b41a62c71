/*
 * The operator's token: kept for this tab alone, and only until it is closed.
 */

const key = 'roomcast.operator';

export function readToken(): string | undefined {
  try {
    return sessionStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** @param token undefined removes it */
export function writeToken(token: string | undefined): void {
  try {
    if (token === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, token);
  } catch {
    // It is asked for again when the page is loaded again.
  }
}
