import { type INestApplicationContext, Logger, type WsMessageHandler } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { Server, ServerOptions, Socket } from 'socket.io';
import type { Settings } from '../config/settings.js';

/** Socket.IO as we run it. */
export class SocketAdapter extends IoAdapter {
  readonly #log = new Logger(SocketAdapter.name);

  constructor(
    app: INestApplicationContext,
    private readonly settings: Settings,
  ) {
    super(app);
  }

  /**
   * One listener for all messages of a socket. Nest's own keeps several RxJS subscriptions for each message and
   * socket, which was two thirds of what a connection held.
   */
  override bindMessageHandlers(socket: Socket, handlers: WsMessageHandler<string>[]): void {
    const byName = new Map(handlers.map(({ message, callback }) => [message, callback]));
    socket.onAny((name: string, ...given: unknown[]) => {
      const callback = byName.get(name);
      if (!callback) return;
      const last = given.at(-1);
      const acknowledge = typeof last === 'function' ? (last as (answer: unknown) => void) : undefined;
      const values = acknowledge ? given.slice(0, -1) : given;
      // Answers go through the acknowledgement alone; what goes wrong is the gateway's filter's to answer.
      Promise.resolve(callback(values.length > 1 ? values : values[0], acknowledge)).then(
        (answer: unknown) => {
          if (answer !== undefined && answer !== null) acknowledge?.(answer);
        },
        (error: unknown) => this.#log.error(error),
      );
    });
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    const { corsOrigins } = this.settings;
    return super.createIOServer(port, {
      ...options,
      // A room's namespace goes with its last socket.
      cleanupEmptyChildNamespaces: true,
      // Clients send small messages only.
      maxHttpBufferSize: 64 * 1024,
      // Small events compress badly, and frames encoded once for everyone cannot be compressed for each.
      perMessageDeflate: false,
      serveClient: false,
      pingInterval: 20_000,
      pingTimeout: 15_000,
      connectTimeout: 15_000,
      ...(corsOrigins === '*' || corsOrigins.length > 0 ? { cors: { origin: corsOrigins } } : {}),
    } as ServerOptions);
  }
}
