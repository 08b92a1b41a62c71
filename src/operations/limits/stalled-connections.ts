import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';

/** How long a connection may leave what was written to it unread. */
export const stalledMs = 60_000;
const sweepMs = 5000;

interface Progress {
  bytes: number;
  at: number;
}

/**
 * Cuts connections that do not read their answers: what waits for them (file handles, buffers, encoded answers) would
 * be held for as long as they like. Media elements that pause come back with a Range request by themselves.
 */
@Injectable()
export class StalledConnections implements OnModuleDestroy {
  readonly #connections = new Map<Socket, Progress>();
  #timer: NodeJS.Timeout | undefined;

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
    for (const [socket, progress] of this.#connections) {
      const taken = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0 || taken > progress.bytes) {
        progress.bytes = taken;
        progress.at = now;
      } else if (now - progress.at >= stalledMs) {
        socket.destroy();
      }
    }
  }
}
