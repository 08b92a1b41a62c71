import { priorities, type RoomEvent } from '../contract/index.js';
import type { EventSocket } from './event-socket.js';

/**
 * How much a connection may leave unread. Beyond `coalesce`, `normal` and `low` events are no longer queued; beyond
 * `close` the connection is closed.
 */
export const outboundLimits = {
  coalesce: { packets: 64, bytes: 64 * 1024 },
  close: { packets: 1000, bytes: 1024 * 1024 },
} as const;

/** Live events that may wait for a connection that joins or catches up, in addition to what it is replayed. */
export const maxBacklog = 20_000;

/** A connection with queued packets is closed when none of them has left for this long. */
export const stallTimeoutSeconds = 30;

/** Unread bytes of all connections of a node together; beyond it those with the most are closed. */
export const maxTotalQueuedBytes = 256 * 1024 * 1024;

export const isOverCloseLimit = (socket: EventSocket): boolean => exceeds(socket, outboundLimits.close);

/** Whether only logged events are queued for the connection any more. */
export const isBehind = (socket: EventSocket): boolean => exceeds(socket, outboundLimits.coalesce);

/** What to do with an event for a socket that is not idle, by the event's priority and what is queued. */
export function decide({ metadata }: RoomEvent, socket: EventSocket): 'send' | 'drop' | 'coalesce' | 'close' {
  if (priorities[metadata.priority].logged) return isOverCloseLimit(socket) ? 'close' : 'send';
  if (!isBehind(socket)) return 'send';
  return metadata.priority === 'low' ? 'drop' : 'coalesce';
}

const exceeds = (socket: EventSocket, { packets, bytes }: { packets: number; bytes: number }): boolean =>
  socket.queuedPackets >= packets || socket.queuedBytes >= bytes;

/** Detects a socket of which nothing queued leaves. Owned by a connection, checked by its periodic `sweep`. */
export class StallDetector {
  #progress: unknown;
  #since: number | undefined;

  /** @param now Unix seconds @returns whether packets are queued and none has left for `stallTimeoutSeconds` */
  hasStalled(socket: EventSocket, now: number): boolean {
    if (socket.isIdle) {
      this.#since = undefined;
      return false;
    }
    const { progress } = socket;
    if (this.#since === undefined || this.#progress !== progress) {
      this.#progress = progress;
      this.#since = now;
    }
    return now - this.#since >= stallTimeoutSeconds;
  }
}
