import { Injectable } from '@nestjs/common';
import { type Playback, positionAt } from '../contract/index.js';
import { Database, type Trx } from '../database/database.js';
import { prepare } from '../database/prepared.js';
import { initial, type PlaybackState } from './playback-machine.js';

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

  /** The rooms whose track has ended by `now`. */
  async roomsWithEndedTrack(now: number): Promise<string[]> {
    const rows = await this.database.db
      .selectFrom('playback')
      .select('room_id')
      .where('ends_at', '<=', now)
      .orderBy('ends_at')
      .execute();
    return rows.map(({ room_id }) => room_id);
  }

  /** When the next track of any room ends (Unix seconds); null if none plays. */
  async nextEnd(): Promise<number | null> {
    const row = await this.database.db
      .selectFrom('playback')
      .select((of) => of.fn.min('ends_at').as('ends_at'))
      .executeTakeFirst();
    return row?.ends_at ?? null;
  }
}

const roundToMs = (seconds: number): number => Math.round(seconds * 1000) / 1000;

/** The `Playback` of the wire contract: `position` is the position at `now`; rounded to milliseconds. */
export const playbackView = (state: PlaybackState, now: number): Playback => ({
  status: state.status,
  track_id: state.track_id,
  position: roundToMs(positionAt(state, now)),
  started_at: state.started_at === null ? null : roundToMs(state.started_at),
  version: state.version,
});

const selectPlayback = prepare((db, { roomId }: { roomId: string }) =>
  db.selectFrom('playback').selectAll().where('room_id', '=', roomId),
);
