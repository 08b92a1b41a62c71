import { Injectable } from '@nestjs/common';
import type { NotNull } from 'kysely';
import { type Playback, positionAt, roundToMicroseconds } from '../contract/index.js';
import { Database, type Trx } from '../database/database.js';
import { prepare } from '../database/prepared.js';
import { initial, type PlaybackState } from './playback-machine.js';

/** A row of `PlaybackStore.endingBy`. */
export interface EndingTrack extends Pick<PlaybackState, 'started_at' | 'position'> {
  room_id: string;
  ends_at: number;
}

/** Reads and writes the table `playback`. A room has no row until its first change; its state is `initial` then. */
@Injectable()
export class PlaybackStore {
  constructor(private readonly database: Database) {}

  async load(trx: Trx, roomId: string): Promise<PlaybackState> {
    const row = await selectPlayback.first(trx, { roomId });
    if (!row) return initial;
    const { room_id: _, ...state } = row;
    return state;
  }

  async save(trx: Trx, roomId: string, state: PlaybackState): Promise<void> {
    await trx
      .insertInto('playback')
      .values({ room_id: roomId, ...state })
      .onConflict((conflict) => conflict.column('room_id').doUpdateSet(state))
      .execute();
  }

  /** Of each room whose track ends by `time` (room clock): what decides when the next track is due. Earliest first. */
  endingBy(time: number): Promise<EndingTrack[]> {
    return selectEnding.all(this.database.db, { time });
  }

  /** The rooms with a track that plays. */
  async playingRooms(): Promise<string[]> {
    const { db } = this.database;
    const rows = await db.selectFrom('playback').select('room_id').where('ends_at', 'is not', null).execute();
    return rows.map(({ room_id }) => room_id);
  }
}

/** The `Playback` of the wire contract: `position` is the position at `now`; rounded to microseconds. */
export const playbackView = (state: PlaybackState, now: number): Playback => {
  const { status, track_id, started_at, ends_at, version } = state;
  // An ended track stays current until the server has advanced.
  const duration = started_at === null || ends_at === null ? Infinity : ends_at - started_at;
  return {
    status,
    track_id,
    position: roundToMicroseconds(positionAt(state, now, duration)),
    started_at: started_at === null ? null : roundToMicroseconds(started_at),
    version,
  };
};

const selectPlayback = prepare((db, { roomId }: { roomId: string }) =>
  db.selectFrom('playback').selectAll().where('room_id', '=', roomId),
);

const selectEnding = prepare((db, { time }: { time: number }) =>
  db
    .selectFrom('playback')
    .select(['room_id', 'started_at', 'position', 'ends_at'])
    .where('ends_at', '<=', time)
    .orderBy('ends_at')
    .$narrowType<{ ends_at: NotNull }>(),
);
