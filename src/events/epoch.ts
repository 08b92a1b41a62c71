import { randomBytes } from 'node:crypto';
import type { Database, Trx } from '../database/database.js';

/** A room's epoch when it is created, or when its log cannot be continued. */
export const newEpoch = (): string => randomBytes(9).toString('base64url');

/**
 * Gives every room a new epoch, because their logs are not those that clients know: the database was restored from a
 * backup, or has lost commits (`LogContinuity`). Clients that present an earlier epoch start from the room's state;
 * connections that are open are closed within a second (`MissedEventCheck`).
 */
export async function renewEpochs(db: Trx | Database['db']): Promise<void> {
  // The same for all rooms: an epoch is only compared with others of its room.
  await db.updateTable('rooms').set({ epoch: newEpoch() }).execute();
}
