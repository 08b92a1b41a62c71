import { setTimeout as delay } from 'node:timers/promises';
import { type INestApplicationContext, Logger, type WsMessageHandler } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { Socket as EngineConnection } from 'engine.io';
import type { Server, ServerOptions, Socket } from 'socket.io';
import { type ServerOptions as ServerOptionsOfWs, WebSocketServer } from 'ws';
import { Clock } from '../config/clock.js';
import type { Settings } from '../config/settings.js';
import { Problem } from '../errors/problem.js';
import { HandshakeLimits } from './handshake-limits.js';
import { PacketGuard } from './packet-guard.js';
import { callerOf, connectionOf } from './socket-data.js';
import { type MessageContext, SocketMessages } from './socket-messages.js';
import { EventEncoder, PacketDecoder } from './transport/event-parser.js';
import { PacedWebSocket } from './transport/paced-web-socket.js';
import { SingleWriteAdapter } from './transport/single-write-adapter.js';

/** A packet that breaks the protocol closes the connection; without a listener it would end the process. */
const ignoreError = (): void => undefined;

/** A client that does not answer the closing handshake is disconnected after this time; `ws` would wait 30 s. */
const closeTimeoutMs = 2000;
/** Of a message: clients send small ones, in one piece. `ws` would hold 16,384 pieces. */
const maxFragments = 64;
/** Pieces in which the network may deliver a message. */
const maxBufferedChunks = 1024;
class PacedWebSocketServer extends WebSocketServer {
  constructor(options: ServerOptionsOfWs) {
    const ours = {
      closeTimeout: closeTimeoutMs,
      autoPong: false,
      WebSocket: PacedWebSocket,
      maxFragments,
      maxBufferedChunks,
    };
    super({ ...options, ...ours });
  }
}

/** How often it is checked whether a client has read an answer. */
const drainCheckMs = 50;
const expensiveMessages: ReadonlySet<string> = new Set(['room_state', 'replay']);

/** Namespaces that are neither the lobby nor a room's. */
const unknownNamespaces = /^\/(?!$|rooms\/[^/]+$)/;
const { body } = new Problem('not_found', 'There is no such namespace; there are / and /rooms/{room_id}.');
const refusal = Object.assign(new Error(body.message), { data: body });

/** Nest's Socket.IO adapter with our options, limits and parser, and one message handler for each socket. */
export class SocketAdapter extends IoAdapter {
  readonly #log = new Logger(SocketAdapter.name);
  readonly #clock: Clock;
  readonly #guard: PacketGuard;
  readonly #handshakes: HandshakeLimits;
  /** By the names of a gateway's messages. */
  readonly #contexts = new Map<string, MessageContext>();

  constructor(
    app: INestApplicationContext,
    private readonly settings: Settings,
  ) {
    super(app);
    this.#clock = app.get(Clock);
    this.#guard = app.get(PacketGuard);
    this.#handshakes = app.get(HandshakeLimits);
  }

  /**
   * Handles all messages of a socket in one middleware. Nest's own keeps several RxJS subscriptions for each message
   * and socket, which were two thirds of a connection's memory. Listeners of `socket.on` and `socket.onAny` work.
   */
  override bindMessageHandlers(socket: Socket, handlers: WsMessageHandler<string>[]): void {
    const messages = new SocketMessages(
      this.#contextOf(handlers.map(({ message }) => message)),
      handlers.map(({ callback }) => callback),
    );
    socket.use((message, next) => {
      // Messages that arrive after the disconnect are ignored.
      if (socket.connected && messages.take(message, socket) === 'forward') next();
    });
    socket.on('error', ignoreError);
  }

  /** Nest relies on the HTTP server, which has no connection of a long-polling client between two requests. */
  override async close(server: Server): Promise<void> {
    server.engine?.close();
    await super.close(server);
  }

  #contextOf(names: string[]): MessageContext {
    const key = names.join(' ');
    let context = this.#contexts.get(key);
    if (!context) {
      context = {
        names,
        expensive: expensiveMessages,
        isLimited: this.settings.rateLimit,
        now: () => this.#clock.now(),
        onError: (error) => this.#log.error(error),
        onFlood: (socket) => this.#closeFlood(socket),
        closeIfOverLimit: (socket) => connectionOf(socket)?.closeIfOverLimit() ?? false,
        drained,
      };
      this.#contexts.set(key, context);
    }
    return context;
  }

  #closeFlood(socket: Socket): void {
    void this.#handshakes.penalizeUser(callerOf(socket).user.id);
    connectionOf(socket)?.closeWith(
      new Problem('rate_limited', 'Too many messages: the connection is closed.'),
    );
    this.#guard.close(socket.conn, 'messages');
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    const { corsOrigins } = this.settings;
    const server: Server = super.createIOServer(port, {
      ...options,
      // A room's namespace is removed with its last socket.
      cleanupEmptyChildNamespaces: true,
      // Clients send small messages only.
      maxHttpBufferSize: 64 * 1024,
      // Small events compress badly, and a frame that connections share cannot be compressed for each of them.
      perMessageDeflate: false,
      serveClient: false,
      pingInterval: 20_000,
      pingTimeout: 15_000,
      connectTimeout: 10_000,
      adapter: SingleWriteAdapter,
      parser: { Encoder: EventEncoder, Decoder: PacketDecoder },
      wsEngine: PacedWebSocketServer,
      allowRequest: (request, decide) => {
        void this.#handshakes
          .allows(request)
          .then((allowed) => decide(allowed ? null : 'Too many connections from this address.', allowed));
      },
      ...(corsOrigins === '*' || corsOrigins.length > 0 ? { cors: { origin: corsOrigins } } : {}),
    } as ServerOptions);
    server.engine.on('connection', (connection: EngineConnection) => {
      this.#handshakes.opened(connection);
      this.#guard.watch(connection);
    });
    server.of(unknownNamespaces).use((_socket, next) => next(refusal));
    return server;
  }
}

/** Resolves once the client has read enough to be sent another large answer, or has disconnected. */
async function drained(socket: Socket): Promise<void> {
  while (socket.connected && connectionOf(socket)?.isBehind) await delay(drainCheckMs);
}
