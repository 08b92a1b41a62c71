import type { User } from '../contract/index.js';
import type { Trx } from '../database/database.js';
import { forUpdate } from '../database/dialects.js';
import { prepare } from '../database/prepared.js';
import type { UserRow } from '../database/schema.js';

/** The columns that `userView` reads. */
export const userColumns = ['users.id', 'users.username', 'users.password_hash'] as const;

/** The `User` of the wire contract for a row; a user without a password is a guest. */
export const userView = (row: Pick<UserRow, 'id' | 'username' | 'password_hash'>): User => ({
  id: row.id,
  username: row.username,
  guest: row.password_hash === null,
});

/** The username as a column with another name, for joins. */
export const usernameAs = <Alias extends string>(alias: Alias) => `users.username as ${alias}` as const;

/** Locks the user's row until the transaction ends, so that changes counted per user are made one at a time. */
export async function lockUser(trx: Trx, id: string): Promise<void> {
  await selectLocked.first(trx, { id });
}

const selectLocked = prepare((db, { id }: { id: string }) =>
  forUpdate(db, db.selectFrom('users').select('id').where('id', '=', id)),
);
