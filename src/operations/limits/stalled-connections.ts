import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Injectable } from '@nestjs/common';
import { Lifecycle } from '../../lifecycle/lifecycle.js';
import { Pipelines } from './pipelines.js';

/** Time limit for a connection that reads nothing of what was written to it. */
export const stalledMs = 60_000;
/** Limit of unsent answers of all connections together; beyond it those that stalled longest are closed. */
export const maxUnsentBytes = 64 * 1024 * 1024;
/** Connections with less are not counted. A stream has at most one chunk of 64 KiB unsent. */
const uncountedBytes = 80 * 1024;
const sweepEveryMs = 1000;

interface Progress {
  /** Bytes that the kernel has taken. */
  bytes: number;
  at: number;
}

interface UnsentAnswers {
  socket: Socket;
  unsentBytes: number;
  lastProgressAt: number;
}

/**
 * Closes connections that do not read their answers, which would otherwise occupy file handles, buffers and encoded
 * answers without a limit. A paused media element whose connection is closed resumes with a Range request.
 */
@Injectable()
export class StalledConnections {
  readonly #connections = new Map<Socket, Progress>();

  constructor(
    private readonly pipelines: Pipelines,
    lifecycle: Lifecycle,
  ) {
    lifecycle.repeat('the check for stalled connections', sweepEveryMs, () => this.sweep(performance.now()));
  }

  /** Watches all connections of a server. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.#connections.set(socket, { bytes: 0, at: performance.now() });
      socket.once('close', () => this.#connections.delete(socket));
    });
  }

  /** @param now monotonic clock, in milliseconds */
  sweep(now: number): void {
    const counted: UnsentAnswers[] = [];
    for (const [socket, progress] of this.#connections) {
      // Most connections have nothing unsent, and then the cheap check is enough.
      if (socket.writableLength === 0) progress.at = now;
      else {
        const sentBytes = socket.bytesWritten - socket.writableLength;
        if (sentBytes > progress.bytes) {
          progress.bytes = sentBytes;
          progress.at = now;
        } else if (now - progress.at >= stalledMs) {
          socket.destroy();
          continue;
        }
      }
      const unsentBytes = this.pipelines.unsentBytes(socket);
      if (unsentBytes > uncountedBytes) counted.push({ socket, unsentBytes, lastProgressAt: progress.at });
    }
    closeBeyondLimit(counted);
  }
}

function closeBeyondLimit(connections: UnsentAnswers[]): void {
  let sum = connections.reduce((total, { unsentBytes }) => total + unsentBytes, 0);
  if (sum <= maxUnsentBytes) return;
  for (const { socket, unsentBytes } of connections.sort((a, b) => a.lastProgressAt - b.lastProgressAt)) {
    socket.destroy();
    sum -= unsentBytes;
    if (sum <= maxUnsentBytes) return;
  }
}
