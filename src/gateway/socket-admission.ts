import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { Socket } from 'socket.io';
import { validate } from 'uuid';
import { AuthService } from '../auth/auth.service.js';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { maxEpochLength } from '../contract/index.js';
import { asProblem } from '../errors/as-problem.js';
import { Problem } from '../errors/problem.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { RoomAccess } from '../rooms/room-access.js';
import { HandshakeLimits } from './handshake-limits.js';
import { PacketGuard } from './packet-guard.js';
import { roomOf, setCaller } from './socket-data.js';
import { RoomStreams } from '../delivery/room-streams.js';

/** Digits of the largest number that JavaScript counts exactly. */
const maxSequenceLength = 16;
/** To one room, or to the lobby, on one node. */
const maxConnectionsPerUser = 20;

/** Decides who may connect to which namespace, before Socket.IO accepts the connection. */
@Injectable()
export class SocketAdmission {
  constructor(
    private readonly auth: AuthService,
    private readonly access: RoomAccess,
    private readonly streams: RoomStreams,
    private readonly limits: HandshakeLimits,
    private readonly guard: PacketGuard,
    private readonly lifecycle: Lifecycle,
    @Inject(SETTINGS) private readonly settings: Settings,
    @InjectPinoLogger(SocketAdmission.name) private readonly log: PinoLogger,
  ) {}

  /** Socket.IO middleware; a refusal reaches the client as `connect_error` with `data: { code, message }`. */
  readonly middleware = (socket: Socket, next: (error?: Error) => void): void => {
    this.#admit(socket).then(
      () => next(),
      (error: unknown) => {
        const problem = asProblem(error);
        if (problem.code === 'unauthorized') this.guard.countUnauthorized(socket.conn);
        if (problem.status >= 500 && !(error instanceof Problem)) {
          this.log.error({ err: error }, 'a handshake failed');
        }
        next(Object.assign(new Error(problem.message), { data: problem.body }));
      },
    );
  };

  async #admit(socket: Socket): Promise<void> {
    if (this.lifecycle.isDraining) throw new Problem('draining', 'The server is going down: reconnect.');
    const { token, after_sequence, epoch, state } = socket.handshake.auth as {
      token?: unknown;
      after_sequence?: unknown;
      epoch?: unknown;
      state?: unknown;
    };
    if (typeof token !== 'string') {
      throw new Problem('unauthorized', 'A token is needed, as `auth: { token }` of the handshake.');
    }
    const caller = await this.auth.authenticate(token);
    await this.limits.requireUser(caller.user.id);
    const roomId = roomOf(socket);
    if (roomId !== null) {
      if (!validate(roomId)) throw new Problem('room_not_found', 'There is no such room.');
      await this.access.requireParticipant(roomId, caller.user.id);
    }
    if (this.settings.rateLimit && this.streams.countOf(caller.user.id, roomId) >= maxConnectionsPerUser) {
      throw new Problem(
        'too_many_connections',
        `At most ${maxConnectionsPerUser} connections at once; close one.`,
      );
    }
    setCaller(socket, caller, this.limits.addressOf(socket.conn));
    // The token is not kept: neither a heap dump nor a log should contain it.
    socket.handshake.auth =
      after_sequence === undefined
        ? emptyAuth
        : {
            after_sequence: boundedSequence(after_sequence),
            epoch: boundedEpoch(epoch),
            state: state === 'when_needed' ? state : null,
          };
  }
}

/**
 * The epoch that a client presents, which is kept with its socket: undefined if it presents none, as clients of version
 * 1 do; '', which is no room's epoch, instead of a value that cannot be one.
 */
function boundedEpoch(given: unknown): string | undefined {
  if (given === undefined || given === null) return undefined;
  return typeof given === 'string' && given.length <= maxEpochLength ? given : '';
}

/** What a client presents as its last sequence, without what cannot be one: that would be kept with its socket. */
function boundedSequence(given: unknown): number | string | null {
  if (typeof given === 'number') return given;
  return typeof given === 'string' && given.length <= maxSequenceLength ? given : null;
}

const emptyAuth: Record<string, unknown> = Object.freeze({});
