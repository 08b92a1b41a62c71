import { Injectable } from '@nestjs/common';
import argon2 from 'argon2';
import { v7 as uuid } from 'uuid';
import { Clock } from '../config/clock.js';
import type { User } from '../contract/index.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors/problem.js';
import type { CredentialsDto, LoginDto } from './auth.dto.js';
import type { Caller } from './caller.js';
import { type Issued, SessionsService } from './sessions.service.js';
import { userView } from './users.js';

// The smallest of the equivalent argon2id settings in the OWASP Password Storage Cheat Sheet.
const hashing = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export type SignedIn = Issued & { user: User };

/** Who people are: guests, registered users, and their tokens. */
@Injectable()
export class AuthService {
  // What an unknown user's password is held against, so that time does not tell who is registered.
  readonly #nobody = argon2.hash(uuid(), hashing);

  constructor(
    private readonly database: Database,
    private readonly sessions: SessionsService,
    private readonly clock: Clock,
  ) {}

  async guest(username: string): Promise<SignedIn> {
    const row = {
      id: uuid(),
      username,
      username_key: null,
      password_hash: null,
      created_at: this.clock.now(),
    };
    await this.database.db.insertInto('users').values(row).execute();
    return this.#signIn(userView(row));
  }

  /**
   * Registers a user; with a guest's token, turns that guest into one, who keeps their rooms and votes.
   * @throws {Problem} username_taken, already_registered
   */
  async register({ username, password }: CredentialsDto, caller?: Caller): Promise<SignedIn> {
    if (caller && !caller.user.guest) {
      throw new Problem('already_registered', 'The token is a registered user’s; register without it.');
    }
    const id = caller?.user.id ?? uuid();
    const row = {
      id,
      username,
      username_key: usernameKey(username),
      password_hash: await argon2.hash(password, hashing),
    };
    const taken = new Problem(
      'username_taken',
      `"${username}" is registered already; choose another username.`,
    );
    await this.database.write(async (trx) => {
      const other = await trx
        .selectFrom('users')
        .select('id')
        .where('username_key', '=', row.username_key)
        .executeTakeFirst();
      if (other) throw taken;
      const write = caller
        ? trx.updateTable('users').set(row).where('id', '=', id).where('password_hash', 'is', null)
        : trx.insertInto('users').values({ ...row, created_at: this.clock.now() });
      await write.execute().catch((error: unknown) => {
        throw isUniqueViolation(error) ? taken : error;
      });
    });
    return this.#signIn({ id, username, guest: false });
  }

  /** @throws {Problem} invalid_credentials, whether it is the name or the password that is wrong */
  async login({ username, password }: LoginDto): Promise<SignedIn> {
    const row = await this.database.db
      .selectFrom('users')
      .selectAll()
      .where('username_key', '=', usernameKey(username))
      .executeTakeFirst();
    const matches = await argon2.verify(row?.password_hash ?? (await this.#nobody), password);
    if (!row || !matches) throw new Problem('invalid_credentials', 'Wrong username or password.');
    return this.#signIn(userView(row));
  }

  async refresh(caller: Caller): Promise<SignedIn> {
    return { ...(await this.sessions.renew(caller)), user: caller.user };
  }

  /** Revokes the caller's token; its open sockets are closed. */
  logout({ sessionId }: Caller): Promise<void> {
    return this.sessions.revoke(sessionId);
  }

  mediaToken(caller: Caller): Issued {
    return this.sessions.media(caller);
  }

  /** @throws {Problem} unauthorized */
  authenticate(token: string): Promise<Caller> {
    return this.sessions.verify(token, 'access');
  }

  /** @throws {Problem} unauthorized */
  authenticateMedia(token: string): Promise<Caller> {
    return this.sessions.verify(token, 'media');
  }

  async #signIn(user: User): Promise<SignedIn> {
    return { ...(await this.sessions.open(user.id)), user };
  }
}

const usernameKey = (username: string): string => username.normalize('NFKC').toLowerCase();

const isUniqueViolation = (error: unknown): boolean => {
  const code = (error as { code?: unknown }).code;
  return code === '23505' || code === 'SQLITE_CONSTRAINT_UNIQUE';
};
