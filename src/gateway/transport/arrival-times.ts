/** When messages arrived, by the array of their arguments, which Socket.IO passes on to the handler. */
const arrivals = new WeakMap<readonly unknown[], number>();

/** When the message arrived that is being handled, if it had to wait. */
let waitedSinceMs: number | undefined;

/** Messages whose answer contains the time of arrival; it is not recorded for others. */
const isTimed = ([name]: readonly unknown[]): boolean => name === 'time_sync';

/** Handles a message that had to wait. @param arrivedMs a value of `performance.now()` */
export function whileArrived(arrivedMs: number, handle: () => void): void {
  waitedSinceMs = arrivedMs;
  try {
    handle();
  } finally {
    waitedSinceMs = undefined;
  }
}

/** When the message arrived that is being handled: a value of `performance.now()`. */
export const arrivedNow = (): number => waitedSinceMs ?? performance.now();

/** @param message name and arguments @param monotonicMs a value of `performance.now()` */
export function recordArrival(message: unknown, monotonicMs: number): void {
  if (Array.isArray(message) && isTimed(message)) arrivals.set(message, monotonicMs);
}

/** When a message arrived: a value of `performance.now()`. If that was not recorded, now. */
export const arrivalOf = (message: readonly unknown[]): number => arrivals.get(message) ?? performance.now();
