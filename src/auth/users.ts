import type { User } from '../contract/index.js';
import type { Database, Trx } from '../database/database.js';
import { forUpdate } from '../database/dialects.js';
import { prepare } from '../database/prepared.js';
import type { UserRow } from '../database/schema.js';
import { Problem } from '../errors/problem.js';

/**
 * What other features may read of users. They join `users` in their own queries, because a query for each user would
 * be too slow, but select its columns only through these exports (src/database/table-owners.json).
 */

/** The columns that `userView` reads. */
export const userColumns = ['users.id', 'users.username', 'users.password_hash'] as const;

/** The `User` of the wire contract for a row; a user without a password is a guest. */
export const userView = (row: Pick<UserRow, 'id' | 'username' | 'password_hash'>): User => ({
  id: row.id,
  username: row.username,
  guest: row.password_hash === null,
});

/** `userColumns` under names that no table has, for joins that also select all columns of another table. */
export const joinedUserColumns = [
  'users.id as joined_id',
  'users.username as joined_username',
  'users.password_hash as joined_password_hash',
] as const;

/** @returns null if the left join found no user */
export const joinedUserView = (row: {
  joined_id: string | null;
  joined_username: string | null;
  joined_password_hash: string | null;
}): User | null =>
  row.joined_id === null || row.joined_username === null
    ? null
    : userView({
        id: row.joined_id,
        username: row.joined_username,
        password_hash: row.joined_password_hash,
      });

/** The username as a column with the given name. */
export const usernameAs = <Alias extends string>(alias: Alias) => `users.username as ${alias}` as const;

export async function findUser(db: Trx | Database['db'], id: string): Promise<User | undefined> {
  const row = await selectUser.first(db, { id });
  return row && userView(row);
}

/** Locks the user's row until the transaction ends, so that limits by user are checked by one transaction at a time. */
export async function lockUser(trx: Trx, id: string): Promise<void> {
  await selectLocked.first(trx, { id });
}

/** Locks the user's row: a ban at the same time is seen here, or revokes what this transaction opens. @throws {Problem} banned */
export async function requireNotBanned(trx: Trx, id: string): Promise<void> {
  const row = await selectLocked.first(trx, { id });
  if (row && row.banned_at !== null) {
    throw new Problem('banned', 'The operator has banned this user from the server.');
  }
}

const selectUser = prepare((db, { id }: { id: string }) =>
  db.selectFrom('users').select(userColumns).where('id', '=', id),
);

const selectLocked = prepare((db, { id }: { id: string }) =>
  forUpdate(db, db.selectFrom('users').select(['id', 'banned_at']).where('id', '=', id)),
);
