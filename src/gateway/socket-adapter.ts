import { type INestApplicationContext, Logger, type WsMessageHandler } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { Server, ServerOptions, Socket } from 'socket.io';
import { Clock } from '../config/clock.js';
import type { Settings } from '../config/settings.js';
import { Problem } from '../errors/problem.js';
import { type MessageContext, SocketMessages } from './socket-messages.js';

/** A packet that breaks the protocol closes the connection; without a listener it would end the process. */
const ignore = (): void => undefined;

/** Namespaces that are neither the lobby nor a room's. */
const elsewhere = /^\/(?!$|rooms\/[^/]+$)/;
const { body } = new Problem('not_found', 'There is no such namespace; there are / and /rooms/{room_id}.');
const refusal = Object.assign(new Error(body.message), { data: body });

/** Socket.IO as we run it. */
export class SocketAdapter extends IoAdapter {
  readonly #log = new Logger(SocketAdapter.name);
  readonly #clock: Clock;
  /** By the messages that there are. */
  readonly #contexts = new Map<string, MessageContext>();

  constructor(
    app: INestApplicationContext,
    private readonly settings: Settings,
  ) {
    super(app);
    this.#clock = app.get(Clock);
  }

  /**
   * One function for all messages of a socket. Nest's own keeps several RxJS subscriptions for each message and
   * socket, which was two thirds of what a connection held.
   */
  override bindMessageHandlers(socket: Socket, handlers: WsMessageHandler<string>[]): void {
    const messages = new SocketMessages(
      this.#contextOf(handlers.map(({ message }) => message)),
      handlers.map(({ callback }) => callback),
    );
    // Nothing is handed on: what no handler takes is answered here, and what comes after the end is late.
    socket.use((message) => {
      if (socket.connected) messages.take(message);
    });
    socket.on('error', ignore);
  }

  /** The gateways listen for it themselves, and once. */
  override bindClientDisconnect(): void {}

  #contextOf(names: string[]): MessageContext {
    const key = names.join(' ');
    let context = this.#contexts.get(key);
    if (!context) {
      context = {
        names,
        limited: this.settings.rateLimit,
        now: () => this.#clock.now(),
        onError: (error) => this.#log.error(error),
      };
      this.#contexts.set(key, context);
    }
    return context;
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    const { corsOrigins } = this.settings;
    const server: Server = super.createIOServer(port, {
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
    server.of(elsewhere).use((_socket, next) => next(refusal));
    return server;
  }
}
