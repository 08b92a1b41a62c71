import { Inject, Injectable } from '@nestjs/common';
import type { Socket as EngineConnection } from 'engine.io';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { WebSocket } from 'ws';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { Statistics } from '../metrics/statistics.js';
import { HandshakeLimits } from './handshake-limits.js';
import { arrivedNow } from './transport/arrival-times.js';

/** What a connection may send within one window. */
const windowMs = 1000;
const maxPackets = 520;
/** Each of so many characters of a packet counts as another packet: parsing costs by length. Messages are shorter. */
const charactersPerPacket = 256;
/** Uncounted acknowledgements that a connection may send at once: those of a long replay. */
const maxExpectedAcknowledgements = 5000;
/** Namespaces that a connection may ask for. */
const maxConnects = 50;

/** Handshakes without a valid token after which the connection is closed. */
const maxUnauthorized = 10;
/** Connections closed within this time are logged in one line. */
const logDelayMs = 10_000;
/**
 * Until a connection that is not read any more is closed: time for an error that was sent to it to arrive, and time in
 * which its client does not flood a new connection.
 */
const finalDelayMs = 2000;

/** The first characters of Socket.IO packets. */
const connectPacket = '0';
const acknowledgementPacket = '3';

interface Counts {
  since: number;
  packets: number;
  connects: number;
  unauthorized: number;
  /** Acknowledgements that were asked for and have not been counted yet. */
  expectedAcknowledgements: number;
}

/**
 * Counts what each Engine.IO connection sends, below Socket.IO and before authentication, and closes
 * connections that flood: answering their packets would cost more than sending them does.
 */
@Injectable()
export class PacketGuard {
  readonly #counts = new WeakMap<EngineConnection, Counts>();
  #closedConnections = 0;
  #logTimer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly handshakes: HandshakeLimits,
    private readonly statistics: Statistics,
    lifecycle: Lifecycle,
    @InjectPinoLogger(PacketGuard.name) private readonly log: PinoLogger,
  ) {
    lifecycle.onStop('work', 'the log of floods', () => clearTimeout(this.#logTimer));
  }

  /** For Engine.IO's `connection` event. */
  watch(connection: EngineConnection): void {
    if (!this.settings.rateLimit) return;
    this.#counts.set(connection, {
      since: performance.now(),
      packets: 0,
      connects: 0,
      unauthorized: 0,
      expectedAcknowledgements: 0,
    });
    connection.on('packet', ({ type, data }: { type: string; data?: unknown }) => {
      if (type === 'message' && typeof data === 'string') this.#count(connection, data[0], data.length);
      else this.#count(connection);
    });
    this.#watchPings(connection);
    connection.on('upgrade', () => this.#watchPings(connection));
    // For each probe on a WebSocket that a long-polling connection may be upgraded to: Engine.IO answers all of them.
    connection.on('upgrading', () => this.#count(connection));
  }

  /** Counts a packet that was read before Engine.IO saw it. */
  countPacket(connection: EngineConnection): void {
    this.#count(connection);
  }

  /** The connection was sent an event that asks for an acknowledgement, which is not counted. */
  expectAcknowledgement(connection: EngineConnection): void {
    const counts = this.#counts.get(connection);
    if (counts && counts.expectedAcknowledgements < maxExpectedAcknowledgements) {
      counts.expectedAcknowledgements += 1;
    }
  }

  /** A handshake of this connection was refused for its token. */
  countUnauthorized(connection: EngineConnection): void {
    const counts = this.#counts.get(connection);
    if (counts && ++counts.unauthorized >= maxUnauthorized) this.close(connection, 'unauthorized handshakes');
  }

  /**
   * Closes a connection without reading any more from it. It stays open for a moment so that what was sent to it
   * arrives: with unread input, the kernel would discard that on closing.
   * @param reason for the log
   */
  close(connection: EngineConnection, reason: string): void {
    if (!this.#counts.delete(connection)) return;
    this.statistics.countNode('flooding_connections_closed');
    void this.handshakes.penalizeAddress(connection);
    this.#closedConnections += 1;
    this.#logTimer ??= setTimeout(() => {
      this.log.warn({ connections: this.#closedConnections, reason }, 'connections were closed for flooding');
      this.#closedConnections = 0;
      this.#logTimer = undefined;
    }, logDelayMs).unref();
    const ws = webSocketOf(connection);
    if (!ws) {
      connection.close(true);
      return;
    }
    // Pausing stops the socket only; what `ws` has read already would still be parsed.
    ws.removeAllListeners('message');
    ws.pause();
    setTimeout(() => ws.terminate(), finalDelayMs);
  }

  #watchPings(connection: EngineConnection): void {
    // `ws` answers each ping of a WebSocket by itself, whether or not the client reads the answers.
    const ws = webSocketOf(connection);
    ws?.on('ping', () => this.#count(connection));
    // We send no pings of this kind: nobody has to send pongs.
    ws?.on('pong', () => this.#count(connection));
  }

  #count(connection: EngineConnection, kind?: string, length = 0): void {
    const counts = this.#counts.get(connection);
    if (!counts) return;
    // A client may confirm all critical events of a replay together.
    const cost = 1 + Math.floor(length / charactersPerPacket);
    if (kind === acknowledgementPacket && cost === 1 && counts.expectedAcknowledgements > 0) {
      counts.expectedAcknowledgements -= 1;
      return;
    }
    const now = arrivedNow();
    if (now - counts.since >= windowMs) {
      counts.since = now;
      counts.packets = 0;
      counts.connects = 0;
    }
    counts.packets += cost;
    if (kind === connectPacket) counts.connects += 1;
    if (counts.packets > maxPackets) this.close(connection, 'packets');
    else if (counts.connects > maxConnects) this.close(connection, 'CONNECT packets');
  }
}

/**
 * The WebSocket of a connection, for the public methods of `ws` that Engine.IO does not offer. Undefined for long
 * polling, and if a version of Engine.IO keeps it elsewhere: connections are then closed through Engine.IO.
 */
const webSocketOf = ({ transport }: EngineConnection): WebSocket | undefined =>
  (transport as unknown as { socket?: WebSocket }).socket;
