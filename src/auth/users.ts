import type { User } from '../contract/index.js';
import type { UserRow } from '../database/schema.js';

/** The columns that `userView` reads. */
export const userColumns = ['users.id', 'users.username', 'users.password_hash'] as const;

/** The `User` of the wire contract for a row; a user without a password is a guest. */
export const userView = (row: Pick<UserRow, 'id' | 'username' | 'password_hash'>): User => ({
  id: row.id,
  username: row.username,
  guest: row.password_hash === null,
});
