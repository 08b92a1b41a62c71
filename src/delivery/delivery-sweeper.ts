import { Injectable } from '@nestjs/common';
import { Clock } from '../config/clock.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { Statistics } from '../metrics/statistics.js';
import { maxTotalQueuedBytes } from './backpressure.js';
import type { Connection } from './connection.js';
import { closeEndedSession } from './ended-sessions.js';
import { RoomStreams } from './room-streams.js';

/** How often unconfirmed events are checked; connections are checked at every fifth of these. */
const sweepIntervalMs = 50;
const sweepsPerConnectionCheck = 5;

/**
 * The one timer for all confirmations and connections of this node: retries, stalled and closing connections, expired
 * tokens, coalesced events, and the limit on what all connections together leave unread.
 */
@Injectable()
export class DeliverySweeper {
  #sweeps = 0;

  constructor(
    private readonly streams: RoomStreams,
    private readonly statistics: Statistics,
    private readonly clock: Clock,
    lifecycle: Lifecycle,
  ) {
    lifecycle.repeat('the delivery sweep', sweepIntervalMs, () => this.sweep());
  }

  sweep(): void {
    const now = this.clock.now();
    for (const { confirmations } of [...this.streams.streams()]) confirmations.sweep(now);
    this.#sweeps += 1;
    if (this.#sweeps % sweepsPerConnectionCheck === 0) this.#checkConnections(now);
  }

  #checkConnections(now: number): void {
    this.statistics.age(now);
    for (const { sharedReplays } of this.streams.streams()) sharedReplays.release(now);
    const behind: { connection: Connection; bytes: number }[] = [];
    for (const connection of [...this.streams.connections()]) {
      connection.sweep(now);
      if (connection.caller.expiresAt <= now) closeEndedSession(connection);
      const { socket } = connection;
      if (!socket.isIdle) behind.push({ connection, bytes: socket.queuedBytes });
    }
    closeLargest(behind);
  }
}

/** Closes the connections with the most queued bytes until the sum is within the node's limit. */
function closeLargest(behind: { connection: Connection; bytes: number }[]): void {
  let total = behind.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total <= maxTotalQueuedBytes) return;
  behind.sort((a, b) => b.bytes - a.bytes);
  for (const { connection, bytes } of behind) {
    if (total <= maxTotalQueuedBytes) return;
    connection.closeAsTooSlow();
    total -= bytes;
  }
}
