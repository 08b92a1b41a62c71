import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { Clock } from '../config/clock.js';
import type { AdminUser, AdminUserList } from '../contract/index.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors/problem.js';
import { SessionsService } from './sessions.service.js';
import { userColumns, userView } from './users.js';

const columns = [...userColumns, 'users.created_at', 'users.banned_at'] as const;

/** A page of a list. */
export interface UserQuery {
  /** Part of a username, in any case (ASCII). */
  q?: string | undefined;
  /** The id of the last user of the previous page. */
  after?: string | undefined;
  limit: number;
}

/** Lists the users of the server, and bans users from it. For the operator: no user has a say. */
@Injectable()
export class OperatorUsers {
  constructor(
    private readonly database: Database,
    private readonly sessions: SessionsService,
    private readonly clock: Clock,
  ) {}

  async count(): Promise<number> {
    const { count } = await this.database.db
      .selectFrom('users')
      .select((of) => of.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return count;
  }

  /** Newest first. */
  async list({ q, after, limit }: UserQuery): Promise<AdminUserList> {
    let query = this.database.db
      .selectFrom('users')
      .select(columns)
      .orderBy('users.id', 'desc')
      .limit(limit + 1);
    if (after !== undefined) query = query.where('users.id', '<', after);
    if (q !== undefined) {
      const pattern = `%${q.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
      query = query.where(sql<boolean>`lower(users.username) like ${pattern} escape '\\'`);
    }
    const found = (await query.execute()).map(adminUserView);
    const users = found.slice(0, limit);
    const more = found.length > limit;
    return { users, more, next: more ? users.at(-1)!.id : null };
  }

  /**
   * Revokes all sessions of a user, so that their sockets close, and refuses new ones. Banning again changes nothing.
   * @throws {Problem} user_not_found
   */
  async ban(id: string): Promise<AdminUser> {
    const { user, ended } = await this.database.write(async (trx) => {
      // The row is locked from here on: a sign-in at the same time is refused, or its session is revoked below.
      const row = await trx
        .updateTable('users')
        .set((of) => ({ banned_at: of.fn.coalesce('banned_at', of.val(this.clock.now())) }))
        .where('id', '=', id)
        .returning(columns)
        .executeTakeFirst();
      if (!row) throw userNotFound();
      return { user: adminUserView(row), ended: await this.sessions.revokeAll(trx, id) };
    });
    this.sessions.announceEnded(ended);
    return user;
  }

  /** @throws {Problem} user_not_found */
  async unban(id: string): Promise<AdminUser> {
    const row = await this.database.db
      .updateTable('users')
      .set({ banned_at: null })
      .where('id', '=', id)
      .returning(columns)
      .executeTakeFirst();
    if (!row) throw userNotFound();
    return adminUserView(row);
  }
}

const userNotFound = (): Problem => new Problem('user_not_found', 'There is no such user.');

const adminUserView = (
  row: Parameters<typeof userView>[0] & { created_at: number; banned_at: number | null },
): AdminUser => ({ ...userView(row), created_at: row.created_at, banned_at: row.banned_at });
