import { Injectable } from '@nestjs/common';
import type { Trx } from '../database/database.js';
import { prepare } from '../database/prepared.js';

/** Reads and writes the table `skip_votes`: who has voted to skip the current track of a room. */
@Injectable()
export class SkipVotes {
  /** The ids of the users, in the order of the ids. */
  async voters(trx: Trx, roomId: string): Promise<string[]> {
    return (await selectVoters.all(trx, { roomId })).map(({ user_id }) => user_id);
  }

  /** @param now Unix seconds @returns whether the user had not voted yet */
  async add(trx: Trx, roomId: string, userId: string, now: number): Promise<boolean> {
    const added = await trx
      .insertInto('skip_votes')
      .values({ room_id: roomId, user_id: userId, created_at: now })
      .onConflict((conflict) => conflict.columns(['room_id', 'user_id']).doNothing())
      .returning('user_id')
      .executeTakeFirst();
    return added !== undefined;
  }

  async remove(trx: Trx, roomId: string, userId: string): Promise<void> {
    await trx.deleteFrom('skip_votes').where('room_id', '=', roomId).where('user_id', '=', userId).execute();
  }

  async clear(trx: Trx, roomId: string): Promise<void> {
    await trx.deleteFrom('skip_votes').where('room_id', '=', roomId).execute();
  }
}

const selectVoters = prepare((db, { roomId }: { roomId: string }) =>
  db.selectFrom('skip_votes').select('user_id').where('room_id', '=', roomId).orderBy('user_id'),
);
