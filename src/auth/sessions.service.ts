import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { type Observable, Subject } from 'rxjs';
import { v7 as uuid } from 'uuid';
import { Clock } from '../config/clock.js';
import { Database, type Trx } from '../database/database.js';
import { prepare } from '../database/prepared.js';
import { Problem } from '../errors/problem.js';
import { GuardedBus } from '../events/bus/guarded-bus.js';
import type { Caller } from './caller.js';
import { userColumns, userView } from './users.js';

const sessionSeconds = 30 * 24 * 3600;
const mediaSeconds = 3600;
/** How often it is asked which sessions were revoked on other nodes, in milliseconds. */
const lookEvery = 2000;
/** A socket whose token was checked just before its session ended may be open only after that was announced. */
const announceAgainAfterMs = 5000;
/** How far back, in seconds: a look may fail, and clocks differ. */
const lookBack = 60;

interface Claims {
  sub: string;
  sid: string;
  use: 'access' | 'media';
  exp: number;
}

export interface Issued {
  token: string;
  /** Unix seconds. */
  expires_at: number;
}

/** Tokens, and the sessions behind them: a token is good while its session is, so that it can be revoked. */
@Injectable()
export class SessionsService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #ended = new Subject<string>();
  /** Ids of sessions that were revoked, so that their open sockets can be closed. */
  readonly ended: Observable<string> = this.#ended.asObservable();
  #timer: NodeJS.Timeout | undefined;
  #look: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly jwt: JwtService,
    private readonly clock: Clock,
    private readonly bus: GuardedBus,
    @InjectPinoLogger(SessionsService.name) private readonly log: PinoLogger,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.bus.shared) return;
    this.#timer = setInterval(() => {
      this.#look ??= this.#lookElsewhere();
    }, lookEvery);
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.#timer);
    await this.#look;
  }

  /** Opens a session for a user, as part of a transaction; the token is good once that is committed. */
  async open(trx: Trx, userId: string): Promise<Issued> {
    const id = uuid();
    const expiresAt = this.#expiry(sessionSeconds);
    await trx
      .insertInto('sessions')
      .values({ id, user_id: userId, expires_at: expiresAt, revoked_at: null })
      .execute();
    await trx.deleteFrom('sessions').where('expires_at', '<', this.clock.now()).execute();
    return this.#issue(userId, id, 'access', expiresAt);
  }

  /** A new token for the same session, which lasts longer. */
  async renew({ user, sessionId }: Caller): Promise<Issued> {
    const expiresAt = this.#expiry(sessionSeconds);
    await this.database.db
      .updateTable('sessions')
      .set({ expires_at: expiresAt })
      .where('id', '=', sessionId)
      .execute();
    return this.#issue(user.id, sessionId, 'access', expiresAt);
  }

  media({ user, sessionId }: Caller): Issued {
    return this.#issue(user.id, sessionId, 'media', this.#expiry(mediaSeconds));
  }

  async revoke(sessionId: string): Promise<void> {
    await this.database.db
      .updateTable('sessions')
      .set({ revoked_at: this.clock.now() })
      .where('id', '=', sessionId)
      .execute();
    this.announceEnded([sessionId]);
  }

  /**
   * Revokes all sessions of a user, as part of a transaction; their media tokens go with them.
   * @returns their ids, for `announceEnded` once that is committed
   */
  async revokeAll(trx: Trx, userId: string): Promise<string[]> {
    const revoked = await trx
      .updateTable('sessions')
      .set({ revoked_at: this.clock.now() })
      .where('user_id', '=', userId)
      .where('revoked_at', 'is', null)
      .returning('id')
      .execute();
    return revoked.map(({ id }) => id);
  }

  /** To be called once their end is committed. */
  announceEnded(sessionIds: readonly string[]): void {
    const announce = () => {
      for (const id of sessionIds) this.#ended.next(id);
    };
    announce();
    setTimeout(announce, announceAgainAfterMs).unref();
  }

  /** @throws {Problem} unauthorized */
  async verify(token: string, use: Claims['use']): Promise<Caller> {
    const claims = this.#claims(token);
    if (claims?.use !== use) throw unauthorized();
    const row = await selectSession.first(this.database.db, claims);
    if (!row || row.revoked_at !== null || row.expires_at <= this.clock.now()) throw unauthorized();
    return { user: userView(row), sessionId: claims.sid, expiresAt: claims.exp };
  }

  /**
   * The user a token was issued to, by its signature alone: it may be revoked. For limits, which must not ask the
   * database.
   */
  signedFor(token: string): string | undefined {
    return this.#claims(token)?.sub;
  }

  /** Sessions that were revoked lately, on whichever node: telling of one again does no harm. */
  async #lookElsewhere(): Promise<void> {
    try {
      const revoked = await this.database.db
        .selectFrom('sessions')
        .select('id')
        .where('revoked_at', '>', this.clock.now() - lookBack)
        .execute();
      for (const { id } of revoked) this.#ended.next(id);
    } catch (err) {
      this.log.warn({ err }, 'the sessions could not be looked at; trying again');
    } finally {
      this.#look = undefined;
    }
  }

  #issue(userId: string, sessionId: string, use: Claims['use'], expiresAt: number): Issued {
    const claims: Claims = { sub: userId, sid: sessionId, use, exp: expiresAt };
    return { token: this.jwt.sign(claims), expires_at: expiresAt };
  }

  #claims(token: string): Claims | undefined {
    try {
      return this.jwt.verify<Claims>(token, {
        algorithms: ['HS256'],
        // The server's clock, which the expiry was computed with; the system's may have jumped since.
        clockTimestamp: Math.floor(this.clock.now()),
      });
    } catch {
      // Whatever is wrong with it, the caller learns no more than that it does not hold.
      return undefined;
    }
  }

  // A JWT's expiry is in whole seconds.
  #expiry = (seconds: number): number => Math.floor(this.clock.now()) + seconds;
}

const selectSession = prepare((db, { sid, sub }: Pick<Claims, 'sid' | 'sub'>) =>
  db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select([...userColumns, 'sessions.revoked_at', 'sessions.expires_at'])
    .where('sessions.id', '=', sid)
    .where('users.id', '=', sub),
);

const unauthorized = (): Problem =>
  new Problem('unauthorized', 'The token is wrong, expired or revoked; sign in again.');
