import { Injectable } from '@nestjs/common';
import type { Participant, Room, RoomSettings, RoomSummary, User } from '../contract/index.js';
import { findUser, joinedUserColumns, joinedUserView, userColumns, userView } from '../auth/users.js';
import { Database, type Trx } from '../database/database.js';
import { prepare } from '../database/prepared.js';
import type { RoomFields, RoomRow } from '../database/schema.js';

type Reads = Trx | Database['db'];

/** Reads rooms, users and participants from the database as the views of the wire contract. */
@Injectable()
export class RoomsReader {
  constructor(private readonly database: Database) {}

  async find(trx: Reads, roomId: string): Promise<RoomRow | undefined> {
    return selectRoom.first(trx, { roomId });
  }

  async room(trx: Reads, row: RoomRow): Promise<Room> {
    const administrator =
      row.administrator_id === null ? undefined : await findUser(trx, row.administrator_id);
    return roomView(row, administrator ?? null);
  }

  /** In the order in which they joined. */
  async participants(trx: Reads, roomId: string): Promise<Participant[]> {
    const rows = await selectParticipants.all(trx, { roomId });
    return rows.map((row) => ({ ...userView(row), joined_at: row.joined_at }));
  }

  async participantCount(trx: Reads, roomId: string): Promise<number> {
    const { count } = await trx
      .selectFrom('participants')
      .select((of) => of.fn.countAll<number>().as('count'))
      .where('room_id', '=', roomId)
      .executeTakeFirstOrThrow();
    return count;
  }

  async administeredCount(trx: Reads, userId: string): Promise<number> {
    const { count } = await trx
      .selectFrom('rooms')
      .select((of) => of.fn.countAll<number>().as('count'))
      .where('administrator_id', '=', userId)
      .executeTakeFirstOrThrow();
    return count;
  }

  /**
   * The rooms that a user may see, newest first: the public ones, and those that the user is a participant of.
   * @param after id of a room; only older rooms are returned
   */
  async list(userId: string, limit: number, after: string | undefined): Promise<RoomSummary[]> {
    let query = this.database.db
      .selectFrom('rooms')
      .leftJoin('users', 'users.id', 'rooms.administrator_id')
      .selectAll('rooms')
      .select(joinedUserColumns)
      .select((of) => [
        of
          .selectFrom('participants')
          .select((p) => p.fn.countAll<number>().as('count'))
          .whereRef('participants.room_id', '=', 'rooms.id')
          .as('participant_count'),
        of
          .selectFrom('connections')
          .select((c) => c.fn.count<number>('connections.user_id').distinct().as('count'))
          .whereRef('connections.room_id', '=', 'rooms.id')
          .as('online_count'),
      ])
      .where((of) =>
        of.or([
          of('rooms.visibility', '=', 'public'),
          of.exists(
            of
              .selectFrom('participants')
              .select('participants.user_id')
              .whereRef('participants.room_id', '=', 'rooms.id')
              .where('participants.user_id', '=', userId),
          ),
        ]),
      )
      .orderBy('rooms.id', 'desc')
      .limit(limit);
    if (after !== undefined) query = query.where('rooms.id', '<', after);
    const rows = await query.execute();
    return rows.map((row) => ({
      ...roomView(row, joinedUserView(row)),
      participant_count: row.participant_count ?? 0,
      online_count: row.online_count ?? 0,
    }));
  }
}

/** What a room that was just created has. */
export const defaultSettings = {
  playback_control: 'administrator',
  upload: 'everyone',
  vote: 'everyone',
  skip_vote_share: null,
  max_tracks_per_user: null,
  fair_turns: 0,
  fallback: 'off',
  repeat: 'off',
  level_loudness: 1,
} as const satisfies Partial<RoomFields>;

/** The settings as columns of a row, which has no booleans. */
export const settingsColumns = ({
  fair_turns,
  level_loudness,
  ...others
}: Partial<RoomSettings>): Partial<RoomFields> => ({
  ...others,
  ...(fair_turns === undefined ? {} : { fair_turns: Number(fair_turns) }),
  ...(level_loudness === undefined ? {} : { level_loudness: Number(level_loudness) }),
});

const settingsView = (row: Pick<RoomFields, keyof RoomSettings>): RoomSettings => ({
  playback_control: row.playback_control,
  upload: row.upload,
  vote: row.vote,
  skip_vote_share: row.skip_vote_share,
  max_tracks_per_user: row.max_tracks_per_user,
  fair_turns: row.fair_turns === 1,
  fallback: row.fallback,
  repeat: row.repeat,
  level_loudness: row.level_loudness === 1,
});

/** The `Room` of the wire contract for a row. */
export const roomView = (row: RoomFields, administrator: User | null): Room => ({
  id: row.id,
  name: row.name,
  visibility: row.visibility,
  settings: settingsView(row),
  administrator,
  created_at: row.created_at,
});

const selectRoom = prepare((db, { roomId }: { roomId: string }) =>
  db.selectFrom('rooms').selectAll().where('id', '=', roomId),
);

const selectParticipants = prepare((db, { roomId }: { roomId: string }) =>
  db
    .selectFrom('participants')
    .innerJoin('users', 'users.id', 'participants.user_id')
    .select([...userColumns, 'participants.joined_at'])
    .where('participants.room_id', '=', roomId)
    .orderBy('participants.joined_at')
    .orderBy('users.id'),
);
