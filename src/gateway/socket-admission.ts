import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { Socket } from 'socket.io';
import { validate } from 'uuid';
import { AuthService } from '../auth/auth.service.js';
import type { Caller } from '../auth/caller.js';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { asProblem } from '../errors/as-problem.js';
import { Problem } from '../errors/problem.js';
import { RoomAccess } from '../rooms/room-access.js';
import { HandshakeLimits } from './handshake-limits.js';
import { PacketGuard } from './packet-guard.js';
import { RoomFeedsService } from '../delivery/room-streams.js';

/** How many connections one user may have open to one room, or to the lobby, on a node. */
const connectionsPerUser = 20;

/** Who may connect to what: asked before Socket.IO lets the connection be. */
@Injectable()
export class SocketAdmission {
  #draining = false;

  constructor(
    private readonly auth: AuthService,
    private readonly access: RoomAccess,
    private readonly feeds: RoomFeedsService,
    private readonly limits: HandshakeLimits,
    private readonly guard: PacketGuard,
    @Inject(SETTINGS) private readonly settings: Settings,
    @InjectPinoLogger(SocketAdmission.name) private readonly log: PinoLogger,
  ) {}

  /** Whether the server is going down. */
  get draining(): boolean {
    return this.#draining;
  }

  /** From now on nobody is let in. */
  drain(): void {
    this.#draining = true;
  }

  /** Socket.IO middleware; a refusal arrives as `connect_error` with `data: { code, message }`. */
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
    if (this.#draining) throw new Problem('draining', 'The server is going down: reconnect.');
    const { token, after_sequence, state } = socket.handshake.auth as {
      token?: unknown;
      after_sequence?: unknown;
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
    if (this.settings.rateLimit && this.feeds.count(caller.user.id, roomId) >= connectionsPerUser) {
      throw new Problem(
        'too_many_connections',
        `At most ${connectionsPerUser} connections at once; close one.`,
      );
    }
    (socket.data as { caller?: Caller }).caller = caller;
    // Asked for once: neither a dump of the memory nor a log should find it later.
    socket.handshake.auth = after_sequence === undefined ? none : { after_sequence, state };
  }
}

/** What is left of a handshake's `auth` that said no more than who it is. */
const none: Record<string, unknown> = Object.freeze({});

/** The room that a socket's namespace stands for; null for the lobby. */
export const roomOf = (socket: Socket): string | null => /^\/rooms\/(.+)$/.exec(socket.nsp.name)?.[1] ?? null;

/** Whom the middleware let in. */
export const callerOf = (socket: Socket): Caller => {
  const { caller } = socket.data as { caller?: Caller };
  if (!caller) throw new Error('the socket was not admitted');
  return caller;
};
