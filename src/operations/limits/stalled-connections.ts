import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Pipelines } from './pipelines.js';

/** How long a connection may leave what was written to it unread. */
export const stalledMs = 60_000;
/** Unsent answers that all connections together may hold; beyond it those that have stalled for longest are cut. */
export const maxUnsentBytes = 64 * 1024 * 1024;
/** What a connection may hold without being counted; streams, which wait for their reader, stay below. */
const uncountedBytes = 256 * 1024;
const sweepMs = 1000;

interface Progress {
  bytes: number;
  at: number;
}

interface Holder {
  socket: Socket;
  unsentBytes: number;
  movedAt: number;
}

/**
 * Cuts connections that do not read their answers: what waits for them (file handles, buffers, encoded answers) would
 * be held for as long as they like. Media elements that pause come back with a Range request by themselves.
 */
@Injectable()
export class StalledConnections implements OnModuleDestroy {
  readonly #connections = new Map<Socket, Progress>();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly pipelines: Pipelines) {}

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.#connections.set(socket, { bytes: 0, at: performance.now() });
      socket.once('close', () => this.#connections.delete(socket));
    });
    this.#timer = setInterval(() => this.sweep(performance.now()), sweepMs).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
  }

  /** @param now in milliseconds, of the monotonic clock */
  sweep(now: number): void {
    const holders: Holder[] = [];
    for (const [socket, progress] of this.#connections) {
      const taken = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0 || taken > progress.bytes) {
        progress.bytes = taken;
        progress.at = now;
      } else if (now - progress.at >= stalledMs) {
        socket.destroy();
        continue;
      }
      const unsentBytes = this.pipelines.unsentBytes(socket);
      if (unsentBytes > uncountedBytes) holders.push({ socket, unsentBytes, movedAt: progress.at });
    }
    cutBeyondBudget(holders);
  }
}

function cutBeyondBudget(holders: Holder[]): void {
  let sum = holders.reduce((total, { unsentBytes }) => total + unsentBytes, 0);
  if (sum <= maxUnsentBytes) return;
  for (const { socket, unsentBytes } of holders.sort((a, b) => a.movedAt - b.movedAt)) {
    socket.destroy();
    sum -= unsentBytes;
    if (sum <= maxUnsentBytes) return;
  }
}
