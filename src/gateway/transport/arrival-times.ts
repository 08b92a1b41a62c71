import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** When the last bytes of WebSockets arrived. Their messages are handled later, one in each turn of the event loop. */
const lastBytes = new WeakMap<WebSocket, number>();

/** Records when bytes arrive on a WebSocket. @param stream that it reads from */
export function watchArrivals(ws: WebSocket, stream: Duplex): void {
  stream.on('data', () => lastBytes.set(ws, performance.now()));
}

/** When messages that were decoded at once arrived, by the array of their arguments, which Socket.IO passes on to the handler. */
const arrivals = new WeakMap<readonly unknown[], number>();

/** Messages whose answer contains the time of arrival; it is not recorded for others. */
const isTimed = ([name]: readonly unknown[]): boolean => name === 'time_sync';

/** @param message name and arguments @param monotonicMs a value of `performance.now()` */
export function recordArrival(message: unknown, monotonicMs: number): void {
  if (Array.isArray(message) && isTimed(message)) arrivals.set(message, monotonicMs);
}

/**
 * When a message arrived: a value of `performance.now()`. If that was not recorded, now.
 * @param ws the connection's WebSocket; undefined for long polling
 */
export const arrivalOf = (message: readonly unknown[], ws: WebSocket | undefined): number =>
  (ws && lastBytes.get(ws)) ?? arrivals.get(message) ?? performance.now();
