/** When messages arrived, by the array of their arguments, which Socket.IO passes on to the handler. */
const arrivals = new WeakMap<readonly unknown[], number>();

/** Messages whose answer contains the time of arrival; it is not recorded for others. */
const isTimed = ([name]: readonly unknown[]): boolean => name === 'time_sync';

/** @param message name and arguments @param monotonicMs a value of `performance.now()` */
export function recordArrival(message: unknown, monotonicMs: number): void {
  if (Array.isArray(message) && isTimed(message)) arrivals.set(message, monotonicMs);
}

/** When a message arrived: a value of `performance.now()`. If that was not recorded, now. */
export const arrivalOf = (message: readonly unknown[]): number => arrivals.get(message) ?? performance.now();
