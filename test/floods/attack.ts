import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';

/** What an attacker is given; any guest could obtain it. */
export interface Target {
  port: number;
  /** 400 tracks, 300 participants. */
  largeRoomId: string;
  /** A sequence of the large room's log with 600 events after it. */
  replayFrom: number;
  /** The room that the healthy clients are in. */
  healthyRoomId: string;
  /** A track of several megabytes in the large room. */
  largeTrackId: string;
  /** Guests who are participants of both rooms, one for each connection. */
  tokens: string[];
  /** Guests who have not been used for anything yet. */
  freshTokens: string[];
  registeredUsername: string;
}

export interface Counts {
  /** Requests, messages or connections, whatever the flood consists of. */
  sent: number;
  /** Those answered with a refusal. */
  refused: number;
  /** Connections that the server closed. */
  closed: number;
}

export interface Attempt {
  target: Target;
  counts: Counts;
  /** Aborted when the attack ends. Then every connection is closed. */
  signal: AbortSignal;
}

export type Attack = (attempt: Attempt) => Promise<void>;

/** Of the attacker; the healthy clients come from 127.0.0.1. */
export const attackerAddress = '127.0.0.2';

/** A server that refuses at once must not turn the attack into a loop without a pause. */
const reconnectDelayMs = 100;

/**
 * Runs `work` so many times at once, and again whenever it ends, until the attack ends: an attacker whose
 * connection is closed opens another one.
 */
export async function persistently(
  count: number,
  { signal }: Attempt,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      while (!signal.aborted) {
        await work(index).catch(() => undefined);
        await pause(reconnectDelayMs, signal);
      }
    }),
  );
}

/** Resolves early when the attack ends. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal }).catch(() => undefined);

/** Calls `work` every `ms` until the socket or the attack ends. */
export async function every(
  ms: number,
  socket: Socket,
  { signal }: Attempt,
  work: () => void,
): Promise<void> {
  while (!signal.aborted && !socket.destroyed) {
    work();
    await pause(ms, signal);
  }
}

/** Writes the same bytes as fast as the socket takes them; nothing accumulates in this process. */
export async function pour(socket: Socket, bytes: Buffer, perWrite: number, attempt: Attempt): Promise<void> {
  const { counts, signal } = attempt;
  while (!signal.aborted && !socket.destroyed) {
    counts.sent += perWrite;
    if (socket.write(bytes)) await nextTurn();
    else await drained(socket);
  }
}

/** Every socket of an attack is closed when it ends. */
async function drained(socket: Socket): Promise<void> {
  const done = new AbortController();
  const options = { signal: done.signal };
  const either = [once(socket, 'drain', options), once(socket, 'close', options)];
  await Promise.race(either).catch(() => undefined);
  for (const one of either) one.catch(() => undefined);
  done.abort();
}

/** How often `text` occurs in what was received. One that is split between two chunks is not counted. */
export function occurrences(chunk: Buffer, text: string): number {
  let count = 0;
  for (let at = chunk.indexOf(text); at !== -1; at = chunk.indexOf(text, at + text.length)) count += 1;
  return count;
}

export const replayMessage = ({ target }: Attempt): string =>
  JSON.stringify(['replay', { after_sequence: target.replayFrom, limit: 1000 }]);
