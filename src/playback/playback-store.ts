import { Injectable } from '@nestjs/common';
import { type Playback, positionAt } from '../contract/index.js';
import { Database, type Trx } from '../database/database.js';
import { prepare } from '../database/prepared.js';
import { initial, type PlaybackState } from './playback-machine.js';

/** The rows of `playback`: a room's is inserted with its first change, and until then stands for `initial`. */
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
  async due(now: number): Promise<string[]> {
    const rows = await this.database.db
      .selectFrom('playback')
      .select('room_id')
      .where('ends_at', '<=', now)
      .orderBy('ends_at')
      .execute();
    return rows.map(({ room_id }) => room_id);
  }

  /** When the next track of any room ends; null where none plays. */
  async nextEnd(): Promise<number | null> {
    const row = await this.database.db
      .selectFrom('playback')
      .select((of) => of.fn.min('ends_at').as('ends_at'))
      .executeTakeFirst();
    return row?.ends_at ?? null;
  }
}

const milliseconds = (seconds: number): number => Math.round(seconds * 1000) / 1000;

/** What is shown of playback, to the millisecond; `position` is where it is at `now`. */
export const playbackView = (state: PlaybackState, now: number): Playback => ({
  status: state.status,
  track_id: state.track_id,
  position: milliseconds(positionAt(state, now)),
  started_at: state.started_at === null ? null : milliseconds(state.started_at),
  version: state.version,
});

const selectPlayback = prepare((db, { roomId }: { roomId: string }) =>
  db.selectFrom('playback').selectAll().where('room_id', '=', roomId),
);
