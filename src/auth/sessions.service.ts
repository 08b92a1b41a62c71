import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { type Observable, Subject } from 'rxjs';
import { v7 as uuid } from 'uuid';
import { Clock } from '../config/clock.js';
import { Database, type Trx } from '../database/database.js';
import { prepare } from '../database/prepared.js';
import { Problem } from '../errors/problem.js';
import { GuardedBus } from '../events/bus/guarded-bus.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import type { Caller } from './caller.js';
import { userColumns, userView } from './users.js';

const sessionSeconds = 30 * 24 * 3600;
const mediaSeconds = 3600;
/** How often sessions that other nodes revoked are read from the database. */
const pollEveryMs = 2000;
/** The end is announced twice: a socket whose token was verified just before may open after the first announcement. */
const announceAgainAfterMs = 5000;
/** Each poll reads the sessions revoked in this period: earlier polls may have failed, and the nodes' clocks differ. */
const pollPeriodSeconds = 60;

interface Claims {
  sub: string;
  sid: string;
  use: 'access' | 'media';
  exp: number;
}

/** Tokens whose verified claims are kept in memory, about 500 bytes each. */
const maxVerifiedTokens = 5000;

/** A token and when it expires. */
export interface IssuedToken {
  token: string;
  /** Unix seconds. */
  expires_at: number;
}

/**
 * Issues and verifies tokens. Each token belongs to a session in the database and is valid as long as the session, so
 * that tokens can be revoked.
 */
@Injectable()
export class SessionsService {
  readonly #ended = new Subject<string>();
  /** Claims of tokens whose signature was verified: a request needs them several times, and a user sends many. */
  readonly #verified = new Map<string, Claims>();
  /** Ids of revoked sessions, on any node; the subscriber closes their sockets. An id may be emitted several times. */
  readonly ended: Observable<string> = this.#ended.asObservable();

  constructor(
    private readonly database: Database,
    private readonly jwt: JwtService,
    private readonly clock: Clock,
    bus: GuardedBus,
    lifecycle: Lifecycle,
  ) {
    // Sessions that other nodes revoked.
    if (bus.shared) lifecycle.repeat('the poll for revoked sessions', pollEveryMs, () => this.#pollRevoked());
  }

  /** Opens a session as part of a transaction; the token is valid once that is committed. Deletes expired sessions. */
  async open(trx: Trx, userId: string): Promise<IssuedToken> {
    const id = uuid();
    const expiresAt = this.#expiry(sessionSeconds);
    await trx
      .insertInto('sessions')
      .values({ id, user_id: userId, expires_at: expiresAt, revoked_at: null })
      .execute();
    await trx.deleteFrom('sessions').where('expires_at', '<', this.clock.now()).execute();
    return this.#issue(userId, id, 'access', expiresAt);
  }

  /** Extends the session and issues a new token for it. */
  async renew({ user, sessionId }: Caller): Promise<IssuedToken> {
    const expiresAt = this.#expiry(sessionSeconds);
    await this.database.db
      .updateTable('sessions')
      .set({ expires_at: expiresAt })
      .where('id', '=', sessionId)
      .execute();
    return this.#issue(user.id, sessionId, 'access', expiresAt);
  }

  /** Issues a media token of the same session. */
  media({ user, sessionId }: Caller): IssuedToken {
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
   * Revokes all sessions of a user, and with them all media tokens, as part of a transaction.
   * @returns their ids, to be passed to `announceEnded` after the commit
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

  /** Emits the ids of revoked sessions. To be called after the commit. */
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
   * The id of the user that a token was issued to, checking only its signature and expiry: it may be revoked. For
   * limits, which must not query the database.
   */
  userIdBySignature(token: string): string | undefined {
    return this.#claims(token)?.sub;
  }

  /**
   * Whether an access token was issued to this user, checking only its signature and expiry: it may be revoked. Tells a
   * client that has signed in before from others behind its address.
   */
  isAccessTokenBySignature(token: string, userId: string): boolean {
    const claims = this.#claims(token);
    return claims?.use === 'access' && claims.sub === userId;
  }

  /** As `userIdBySignature`; `tokenKey` is the same for all tokens of one session and use. */
  ownerBySignature(token: string): { userId: string; tokenKey: string } | undefined {
    const claims = this.#claims(token);
    return claims && { userId: claims.sub, tokenKey: `token:${claims.use}:${claims.sid}` };
  }

  /** Emits the sessions that were revoked recently on any node; emitting one again does no harm. */
  async #pollRevoked(): Promise<void> {
    const revoked = await this.database.db
      .selectFrom('sessions')
      .select('id')
      .where('revoked_at', '>', this.clock.now() - pollPeriodSeconds)
      .execute();
    for (const { id } of revoked) this.#ended.next(id);
  }

  #issue(userId: string, sessionId: string, use: Claims['use'], expiresAt: number): IssuedToken {
    const claims: Claims = { sub: userId, sid: sessionId, use, exp: expiresAt };
    return { token: this.jwt.sign(claims), expires_at: expiresAt };
  }

  #claims(token: string): Claims | undefined {
    // By the server's clock, as the expiry was: the system clock may have jumped since.
    const now = Math.floor(this.clock.now());
    const known = this.#verified.get(token);
    if (known) return known.exp > now ? known : undefined;
    try {
      const claims = this.jwt.verify<Claims>(token, { algorithms: ['HS256'], clockTimestamp: now });
      if (this.#verified.size >= maxVerifiedTokens) this.#verified.clear();
      this.#verified.set(token, claims);
      return claims;
    } catch {
      // The reason is not reported: the caller only learns that the token is invalid.
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
  new Problem('unauthorized', 'The token is invalid, expired or revoked; sign in again.');
