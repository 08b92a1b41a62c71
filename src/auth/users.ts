import type { User } from '../contract/index.js';
import type { UserRow } from '../database/schema.js';

/** The columns that `userView` needs. */
export const userColumns = ['users.id', 'users.username', 'users.password_hash'] as const;

export const userView = (row: Pick<UserRow, 'id' | 'username' | 'password_hash'>): User => ({
  id: row.id,
  username: row.username,
  guest: row.password_hash === null,
});
