import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { type Observable, Subject } from 'rxjs';
import { v7 as uuid } from 'uuid';
import { Clock } from '../config/clock.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors/problem.js';
import type { Caller } from './caller.js';
import { userView } from './users.js';

const sessionSeconds = 30 * 24 * 3600;
const mediaSeconds = 3600;

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
export class SessionsService {
  readonly #ended = new Subject<string>();
  /** Ids of sessions that were revoked, so that their open sockets can be closed. */
  readonly ended: Observable<string> = this.#ended.asObservable();

  constructor(
    private readonly database: Database,
    private readonly jwt: JwtService,
    private readonly clock: Clock,
  ) {}

  /** Opens a session for a user. */
  async open(userId: string): Promise<Issued> {
    const id = uuid();
    const expiresAt = this.#expiry(sessionSeconds);
    await this.database.db
      .insertInto('sessions')
      .values({ id, user_id: userId, expires_at: expiresAt, revoked_at: null })
      .execute();
    await this.#forgetExpired();
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
    this.#ended.next(sessionId);
  }

  /** @throws {Problem} unauthorized */
  async verify(token: string, use: Claims['use']): Promise<Caller> {
    const claims = this.#claims(token);
    if (claims?.use !== use) throw unauthorized();
    const row = await this.database.db
      .selectFrom('sessions')
      .innerJoin('users', 'users.id', 'sessions.user_id')
      .select([
        'users.id',
        'users.username',
        'users.password_hash',
        'sessions.revoked_at',
        'sessions.expires_at',
      ])
      .where('sessions.id', '=', claims.sid)
      .where('users.id', '=', claims.sub)
      .executeTakeFirst();
    if (!row || row.revoked_at !== null || row.expires_at <= this.clock.now()) throw unauthorized();
    return { user: userView(row), sessionId: claims.sid, expiresAt: claims.exp };
  }

  #issue(userId: string, sessionId: string, use: Claims['use'], expiresAt: number): Issued {
    const claims: Claims = { sub: userId, sid: sessionId, use, exp: expiresAt };
    return { token: this.jwt.sign(claims), expires_at: expiresAt };
  }

  #claims(token: string): Claims | undefined {
    try {
      return this.jwt.verify<Claims>(token, { algorithms: ['HS256'] });
    } catch {
      // Whatever is wrong with it, the caller learns no more than that it does not hold.
      return undefined;
    }
  }

  // A JWT's expiry is in whole seconds.
  #expiry = (seconds: number): number => Math.floor(this.clock.now()) + seconds;

  async #forgetExpired(): Promise<void> {
    await this.database.db.deleteFrom('sessions').where('expires_at', '<', this.clock.now()).execute();
  }
}

const unauthorized = (): Problem =>
  new Problem('unauthorized', 'The token is wrong, expired or revoked; sign in again.');
