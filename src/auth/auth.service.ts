import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { Clock } from '../config/clock.js';
import type { User } from '../contract/index.js';
import { Database, type Trx } from '../database/database.js';
import type { UserRow } from '../database/schema.js';
import { Problem } from '../errors/problem.js';
import { AccountLimits } from './account-limits.js';
import type { CredentialsDto, LoginDto } from './auth.dto.js';
import type { Caller } from './caller.js';
import { LoginThrottle } from './login-throttle.js';
import { PasswordHasher } from './password-hasher.js';
import { type IssuedToken, SessionsService } from './sessions.service.js';
import { UserChanges } from './user-changes.js';
import { claimForRegistered, loginKeys, nameForGuest, requireAvailable } from './usernames.js';
import { requireNotBanned, userView } from './users.js';

/** A token and the user that it was issued to. */
export type SignedIn = IssuedToken & { user: User };

/** Where a sign-in comes from. */
export interface LoginOrigin {
  address: string;
  /** A token of an earlier sign-in, valid or not; '' if none was sent. */
  token: string;
  /** Aborted when the client has closed its connection. */
  gone: AbortSignal;
}

/**
 * Guests and registered users: signing in, registering, signing out, authenticating tokens. An `address` is always the
 * key of the client's address (see `ClientAddresses`).
 */
@Injectable()
export class AuthService {
  constructor(
    private readonly database: Database,
    private readonly sessions: SessionsService,
    private readonly changes: UserChanges,
    private readonly limits: AccountLimits,
    private readonly throttle: LoginThrottle,
    private readonly hasher: PasswordHasher,
    private readonly clock: Clock,
  ) {}

  /** @throws {Problem} rate_limited */
  async guest(requestedName: string, address: string): Promise<SignedIn> {
    await this.limits.guest(address);
    return this.database.write(async (trx) => {
      const username = await nameForGuest(trx, requestedName);
      const id = await this.#insert(trx, username, null);
      return this.#signIn(trx, { id, username, guest: true });
    });
  }

  /**
   * Registers a new user, or the guest whose token is given: the guest becomes a registered user, keeps rooms and
   * votes, and all of the guest's sessions are revoked.
   * @throws {Problem} username_taken, already_registered, unauthorized, rate_limited, unavailable
   */
  async register(
    { username, password }: CredentialsDto,
    address: string,
    caller?: Caller,
  ): Promise<SignedIn> {
    await this.limits.registration(address);
    if (caller && !caller.user.guest) throw alreadyRegistered();
    // Checked before the expensive hash, and again in the transaction that claims the name.
    await requireAvailable(this.database.db, username, caller?.user.id);
    const password_hash = await this.hasher.hash(password, { group: address, key: address });
    const write = async (trx: Trx) => {
      const ended = caller ? await this.#endGuest(trx, caller, password_hash) : [];
      const id = caller?.user.id ?? (await this.#insert(trx, username, password_hash));
      await claimForRegistered(trx, id, username);
      const user: User = { id, username, guest: false };
      return { user, signedIn: await this.#signIn(trx, user), ended };
    };
    const { signedIn, ended } = await (caller
      ? this.changes.run(caller.user, write)
      : this.database.write(write));
    this.sessions.announceEnded(ended);
    return signedIn;
  }

  /**
   * @throws {Problem} invalid_credentials, for an unknown name as for a wrong password; banned; rate_limited; unavailable
   */
  async login({ username, password }: LoginDto, { address, token, gone }: LoginOrigin): Promise<SignedIn> {
    const keys = loginKeys(username);
    const row = await this.#registered(keys);
    const hasSignedIn = row && this.sessions.isAccessTokenBySignature(token, row.id);
    // Not a source for each token: whoever signs in often would have many.
    const source = hasSignedIn ? `${address} ${row.id}` : address;
    const user = await this.throttle.run({ account: keys[1], address, source, gone }, async () => {
      const of = { group: address, key: source };
      const matches = await this.hasher.verify(row?.password_hash ?? undefined, password, of);
      return row && matches ? userView(row) : undefined;
    });
    if (!user) throw new Problem('invalid_credentials', 'Wrong username or password.');
    return this.database.write(async (trx) => {
      await requireNotBanned(trx, user.id);
      return this.#signIn(trx, user);
    });
  }

  async refresh(caller: Caller): Promise<SignedIn> {
    return { ...(await this.sessions.renew(caller)), user: caller.user };
  }

  /** Revokes the caller's session; its open sockets are closed. */
  logout({ sessionId }: Caller): Promise<void> {
    return this.sessions.revoke(sessionId);
  }

  mediaToken(caller: Caller): IssuedToken {
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

  /** Inserts a guest, or a registered user whose name is claimed later. @returns the id */
  async #insert(trx: Trx, username: string, password_hash: string | null): Promise<string> {
    const id = uuid();
    const row = { id, username, username_key: null, password_hash, created_at: this.clock.now() };
    await trx.insertInto('users').values(row).execute();
    return id;
  }

  /**
   * Sets a guest's password and revokes all of the guest's sessions. Of concurrent calls for a guest, one succeeds.
   * @returns the ids of the revoked sessions
   * @throws {Problem} already_registered; unauthorized if the session was revoked since the token was checked
   */
  async #endGuest(trx: Trx, { user, sessionId }: Caller, password_hash: string): Promise<string[]> {
    const { numUpdatedRows } = await trx
      .updateTable('users')
      .set({ password_hash })
      .where('id', '=', user.id)
      .where('password_hash', 'is', null)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows === 0n) throw alreadyRegistered();
    const ended = await this.sessions.revokeAll(trx, user.id);
    if (!ended.includes(sessionId)) {
      throw new Problem('unauthorized', 'The token was revoked during this request; sign in again.');
    }
    return ended;
  }

  /** The registered user with one of these username keys; the first key takes precedence. */
  async #registered([given, normalised]: [string, string]): Promise<UserRow | undefined> {
    const rows = await this.database.db
      .selectFrom('users')
      .selectAll()
      .where('username_key', 'in', [given, normalised])
      .execute();
    return rows.find(({ username_key }) => username_key === given) ?? rows[0];
  }

  async #signIn(trx: Trx, user: User): Promise<SignedIn> {
    return { ...(await this.sessions.open(trx, user.id)), user };
  }
}

const alreadyRegistered = (): Problem =>
  new Problem(
    'already_registered',
    'The token belongs to a registered user; register without it, or sign in.',
  );
