import { Injectable } from '@nestjs/common';
import { joinedUserColumns, joinedUserView } from '../auth/users.js';
import type { AdminRoom, EventReference, Room, User } from '../contract/index.js';
import { Database } from '../database/database.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import { RoomsReader } from './rooms.reader.js';

/** What rooms know of themselves; the operator sees more. */
export type RoomOverview = Omit<AdminRoom, 'connections' | 'tracks' | 'bytes'>;

/** Whose act it was if a room that nobody administers is deleted. */
const operator: User = { id: '00000000-0000-0000-0000-000000000000', username: 'operator', guest: false };

/** Lists all rooms, private ones too, and deletes any. For the operator: no participant has a say. */
@Injectable()
export class OperatorRooms {
  constructor(
    private readonly database: Database,
    private readonly broadcaster: EventBroadcasterService,
    private readonly reader: RoomsReader,
  ) {}

  async count(): Promise<number> {
    const { count } = await this.database.db
      .selectFrom('rooms')
      .select((of) => of.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return count;
  }

  /** Newest first. @param after id of a room; only older rooms are returned */
  async list(limit: number, after: string | undefined): Promise<RoomOverview[]> {
    let query = this.database.db
      .selectFrom('rooms')
      .leftJoin('users', 'users.id', 'rooms.administrator_id')
      .select(['rooms.id', 'rooms.name', 'rooms.visibility', 'rooms.created_at', 'rooms.sequence'])
      .select(joinedUserColumns)
      .select((of) => [
        of
          .selectFrom('participants')
          .select((p) => p.fn.countAll<number>().as('count'))
          .whereRef('participants.room_id', '=', 'rooms.id')
          .as('participants'),
        of
          .selectFrom('connections')
          .select((c) => c.fn.count<number>('connections.user_id').distinct().as('count'))
          .whereRef('connections.room_id', '=', 'rooms.id')
          .as('online'),
      ])
      .orderBy('rooms.id', 'desc')
      .limit(limit);
    if (after !== undefined) query = query.where('rooms.id', '<', after);
    return (await query.execute()).map((row) => ({
      id: row.id,
      name: row.name,
      visibility: row.visibility,
      administrator: joinedUserView(row),
      created_at: row.created_at,
      participants: row.participants ?? 0,
      online: row.online ?? 0,
      sequence: row.sequence,
    }));
  }

  /** Deletes a room, as its administrator would. @throws {Problem} room_not_found */
  end(roomId: string): Promise<{ room: Room; event: EventReference | null }> {
    return this.broadcaster.roomChange(roomId, async (change) => {
      const room = await this.reader.room(change.trx, change.room);
      const user = room.administrator ?? operator;
      change.roomDeleted({ room, user });
      if (room.visibility === 'public') change.lobby('room_deleted', { room, user });
      return { room, event: await change.lastEvent() };
    });
  }
}
