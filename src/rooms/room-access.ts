import { Injectable } from '@nestjs/common';
import type { Permission, User } from '../contract/index.js';
import { Database, type Trx } from '../database/database.js';
import { prepare } from '../database/prepared.js';
import type { RoomRow } from '../database/schema.js';
import { Problem } from '../errors/problem.js';

/**
 * Checks what a user may do in a room. To users who are not participants, a private room is reported as one that does
 * not exist.
 */
@Injectable()
export class RoomAccess {
  constructor(private readonly database: Database) {}

  /** @throws {Problem} room_not_found, not_a_participant */
  async requireParticipant(
    roomId: string,
    userId: string,
    trx: Trx | Database['db'] = this.database.db,
  ): Promise<RoomRow> {
    const row = await selectRoom.first(trx, { roomId, userId });
    if (!row) throw roomNotFound();
    const { user_id: participant, ...room } = row;
    if (participant !== null) return room;
    throw room.visibility === 'private'
      ? roomNotFound()
      : new Problem('not_a_participant', 'Join the room first.');
  }

  /** @throws {Problem} room_not_found, not_a_participant, not_administrator */
  async requireAdministrator(roomId: string, user: User, trx?: Trx): Promise<RoomRow> {
    const room = await this.requireParticipant(roomId, user.id, trx);
    if (room.administrator_id !== user.id) {
      throw new Problem('not_administrator', "Only the room's administrator may do this.");
    }
    return room;
  }

  /**
   * Checks an action against the room's setting for it: everyone or administrator.
   * @throws {Problem} room_not_found, not_a_participant, not_administrator
   */
  async requirePermission(
    roomId: string,
    user: User,
    action: 'playback_control' | 'upload' | 'vote',
    trx?: Trx,
  ): Promise<RoomRow> {
    const room = await this.requireParticipant(roomId, user.id, trx);
    const permission: Permission = room[action];
    if (permission === 'administrator' && room.administrator_id !== user.id) {
      throw new Problem('not_administrator', "The room's settings allow this only to the administrator.");
    }
    return room;
  }
}

const roomNotFound = (): Problem => new Problem('room_not_found', 'There is no such room.');

/** A room, and the user's id if they are a participant, else null. */
const selectRoom = prepare((db, { roomId, userId }: { roomId: string; userId: string }) =>
  db
    .selectFrom('rooms')
    .leftJoin('participants', (join) =>
      join.onRef('participants.room_id', '=', 'rooms.id').on('participants.user_id', '=', userId),
    )
    .selectAll('rooms')
    .select('participants.user_id')
    .where('rooms.id', '=', roomId),
);
