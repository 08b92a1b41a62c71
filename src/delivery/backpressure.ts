import { priorities, type RoomEvent } from '../contract/index.js';
import type { Wire } from './event-socket.js';

/** What a connection may leave unread: beyond the first, `low` and `normal` give way; beyond the last it is closed. */
export const budget = {
  yield: { frames: 64, bytes: 64 * 1024 },
  close: { frames: 1000, bytes: 1024 * 1024 },
} as const;

/** So many live events may wait for a connection that joins or catches up, however much it is replayed. */
export const longestQueue = 20_000;

/** A connection that has something to read and reads nothing of it for this long is closed, in seconds. */
export const stallSeconds = 30;

/** What all connections of a node together may leave unread; beyond it those with the most are closed. */
export const totalBudgetBytes = 256 * 1024 * 1024;

/** Whether more waits than any connection may leave unread. */
export const isOverBudget = (wire: Wire): boolean => exceeds(wire, budget.close);

/** Whether more waits than a connection may leave unread before others give way. */
export const isBehind = (wire: Wire): boolean => exceeds(wire, budget.yield);

/** What is to become of an event for a connection whose wire is not idle, by its priority and what waits already. */
export function underPressure({ metadata }: RoomEvent, wire: Wire): 'write' | 'drop' | 'coalesce' | 'close' {
  if (priorities[metadata.priority].logged) return isOverBudget(wire) ? 'close' : 'write';
  if (!isBehind(wire)) return 'write';
  return metadata.priority === 'low' ? 'drop' : 'coalesce';
}

const exceeds = (wire: Wire, { frames, bytes }: { frames: number; bytes: number }): boolean =>
  wire.waitingFrames >= frames || wire.waitingBytes >= bytes;
