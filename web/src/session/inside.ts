/*
 * The room that this tab is in, so that loading the page again leads back into it.
 */

const key = 'roomcast.inside';

export function rememberInside(roomId: string | undefined): void {
  try {
    if (roomId === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, roomId);
  } catch {
    // Forbidden: the door is shown then.
  }
}

export function wasInside(roomId: string): boolean {
  try {
    return sessionStorage.getItem(key) === roomId;
  } catch {
    return false;
  }
}
