import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { Socket } from 'socket.io';
import { SETTINGS } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import type { EventSocket } from '../../delivery/event-socket.js';
import { Statistics } from '../../metrics/statistics.js';
import { PacketGuard } from '../packet-guard.js';
import { namespaceJoined, namespaceLeft } from './event-parser.js';
import { receiveConfirmations, stopConfirmations } from './fast/acknowledgements.js';
import { FastSocket } from './fast/fast-socket.js';
import { selfCheck } from './fast/self-check.js';
import { StandardSocket } from './standard-socket.js';

/**
 * Chooses how events are written to sockets and confirmations are read. `standard` uses the public interfaces of
 * Socket.IO only. `fast` uses members below them, and is used if its self-check at start succeeds and `TRANSPORT` is
 * not `standard`. Clients cannot distinguish them.
 */
@Injectable()
export class SocketTransport implements OnModuleInit {
  #kind: 'standard' | 'fast' = 'standard';

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    private readonly statistics: Statistics,
    private readonly guard: PacketGuard,
    @InjectPinoLogger(SocketTransport.name) private readonly log: PinoLogger,
  ) {}

  get kind(): 'standard' | 'fast' {
    return this.#kind;
  }

  async onModuleInit(): Promise<void> {
    if (this.settings.transport !== 'standard') {
      try {
        await selfCheck();
        this.#kind = 'fast';
      } catch (err) {
        const reason = err instanceof Error ? err.message : String(err);
        this.log.warn({ reason }, 'the fast transport does not work here; using the standard transport');
      }
    }
    this.statistics.transport = this.#kind;
  }

  /** Called when a socket has joined its namespace. */
  open(socket: Socket): EventSocket {
    namespaceJoined(socket);
    const { guard } = this;
    const onConfirmationAsked = () => guard.expectAcknowledgement(socket.conn);
    if (this.#kind === 'standard') return new StandardSocket(socket, onConfirmationAsked);
    receiveConfirmations(socket, () => guard.countPacket(socket.conn));
    // Confirmations on a connection that began with long polling pass through Engine.IO, where the guard counts.
    return socket.conn.transport.name === 'websocket'
      ? new FastSocket(socket)
      : new FastSocket(socket, onConfirmationAsked);
  }

  /** The socket has left its namespace. */
  close(socket: Socket): void {
    namespaceLeft(socket);
    if (this.#kind === 'fast') stopConfirmations(socket);
  }
}
