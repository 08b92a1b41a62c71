import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Socket as EngineConnection } from 'engine.io';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Statistics } from '../metrics/statistics.js';
import { HandshakeLimits } from './handshake-limits.js';
import type { WsSocket } from './transport/fast/internals.js';

const windowMs = 1000;
/** Packets that a connection may send within the window; confirmations that were asked for are not counted. */
const maxPackets = 500;
/** Namespaces that a connection may ask for within the window. */
const maxConnects = 50;
/** Handshakes without a valid token after which the connection is cut. */
const maxUnauthorized = 10;
const logEveryMs = 10_000;
const lastWordsMs = 500;

/** Socket.IO's packet type CONNECT, the first character of the packet. */
const connectPacket = '0';

interface Counts {
  since: number;
  packets: number;
  connects: number;
  unauthorized: number;
}

/** Counts a packet that was read from a WebSocket before Engine.IO saw it. */
const counters = new WeakMap<WsSocket, () => void>();
export const countPacket = (ws: WsSocket): void => counters.get(ws)?.();

/**
 * Counts what each Engine.IO connection sends, below Socket.IO and before anyone is authenticated, and cuts
 * connections that flood: answering their packets would cost more than sending them does.
 */
@Injectable()
export class PacketGuard implements OnModuleDestroy {
  readonly #counts = new WeakMap<EngineConnection, Counts>();
  #cutConnections = 0;
  #logTimer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly handshakes: HandshakeLimits,
    private readonly statistics: Statistics,
    @InjectPinoLogger(PacketGuard.name) private readonly log: PinoLogger,
  ) {}

  onModuleDestroy(): void {
    clearTimeout(this.#logTimer);
  }

  /** For Engine.IO's `connection` event. */
  watch(connection: EngineConnection): void {
    if (!this.settings.rateLimit) return;
    this.#counts.set(connection, { since: performance.now(), packets: 0, connects: 0, unauthorized: 0 });
    connection.on('packet', ({ type, data }: { type: string; data?: unknown }) => {
      const isConnect = type === 'message' && typeof data === 'string' && data.startsWith(connectPacket);
      this.#count(connection, isConnect);
    });
    this.#watchWebSocket(connection);
    connection.on('upgrade', () => this.#watchWebSocket(connection));
  }

  /** A handshake of this connection was refused for its token. */
  countUnauthorized(connection: EngineConnection): void {
    const counts = this.#counts.get(connection);
    if (counts && ++counts.unauthorized >= maxUnauthorized) this.cut(connection, 'unauthorized handshakes');
  }

  /**
   * Closes a connection. Nothing of what it sends is read any more, and what was sent to it has a moment to arrive:
   * closed at once, the kernel would discard that because of the unread input. @param reason for the log
   */
  cut(connection: EngineConnection, reason: string): void {
    if (!this.#counts.delete(connection)) return;
    this.statistics.countNode('flooding_connections_closed');
    void this.handshakes.penalizeAddress(connection.request);
    this.#cutConnections += 1;
    this.#logTimer ??= setTimeout(() => {
      this.log.warn({ connections: this.#cutConnections, reason }, 'connections were closed for flooding');
      this.#cutConnections = 0;
      this.#logTimer = undefined;
    }, logEveryMs).unref();
    const ws = webSocketOf(connection);
    if (!ws) {
      connection.close(true);
      return;
    }
    // Pausing stops the socket; what `ws` has read already would still be parsed.
    ws.removeAllListeners('message');
    ws.pause();
    setTimeout(() => ws.terminate(), lastWordsMs);
  }

  #watchWebSocket(connection: EngineConnection): void {
    const ws = webSocketOf(connection);
    if (!ws) return;
    const count = () => this.#count(connection, false);
    counters.set(ws, count);
    // `ws` answers each ping itself, whether or not the peer reads the answers.
    ws.on('ping', count);
  }

  #count(connection: EngineConnection, isConnect: boolean): void {
    const counts = this.#counts.get(connection);
    if (!counts) return;
    const now = performance.now();
    if (now - counts.since >= windowMs) {
      counts.since = now;
      counts.packets = 0;
      counts.connects = 0;
    }
    counts.packets += 1;
    if (isConnect) counts.connects += 1;
    if (counts.packets > maxPackets) this.cut(connection, 'packets');
    else if (counts.connects > maxConnects) this.cut(connection, 'CONNECT packets');
  }
}

const webSocketOf = ({ transport }: EngineConnection): WsSocket | undefined =>
  (transport as unknown as { socket?: WsSocket }).socket;
