import { Injectable } from '@nestjs/common';
import { usernameAs } from '../auth/users.js';
import {
  historyLength,
  orderQueue,
  placeInQueue,
  type QueueEntry,
  type Track,
  type Turns,
} from '../contract/index.js';
import type { Database, Trx } from '../database/database.js';
import { prepare } from '../database/prepared.js';
import type { RoomRow } from '../database/schema.js';
import { Problem } from '../errors/problem.js';
import { trackView, type TrackWithUploader } from './track-view.js';

type Reads = Trx | Database['db'];

/** What of a room decides the order of its queue. */
export type QueueRoom = Pick<RoomRow, 'id' | 'fair_turns'>;

/**
 * The order of a room's tracks: the current one, the queue, the history. One instance, owned by the tracks module;
 * playback and the room's state use it too. It does not lock: writes belong in a change of the room. At most one
 * track of a room has the status `playing`.
 */
@Injectable()
export class QueueService {
  /** @throws {Problem} track_not_found */
  async find(trx: Reads, trackId: string): Promise<TrackWithUploader> {
    const row = await selectTrack.first(trx, { trackId });
    if (!row) throw trackNotFound();
    return row;
  }

  async view(trx: Reads, trackId: string): Promise<Track> {
    return trackView(await this.find(trx, trackId));
  }

  /** The queue, next track first. */
  async queued(trx: Reads, room: QueueRoom): Promise<TrackWithUploader[]> {
    const queued = await selectTracks.all(trx, { roomId: room.id, status: 'queued' });
    return orderQueue(queued, await this.#turns(trx, room));
  }

  /** The history, newest first. */
  async played(trx: Reads, roomId: string, limit: number, offset: number): Promise<TrackWithUploader[]> {
    return tracks(trx)
      .where('tracks.room_id', '=', roomId)
      .where('tracks.status', '=', 'played')
      .orderBy('tracks.played_at', 'desc')
      .orderBy('tracks.id', 'desc')
      .limit(limit)
      .offset(offset)
      .execute();
  }

  /** The ids of the tracks that a user has voted for: of the current one, the queue and the end of the history. */
  async votesOf(trx: Trx, roomId: string, userId: string): Promise<string[]> {
    const rows = [
      ...(await selectVotes.all(trx, { roomId, userId })),
      ...(await selectVotesInHistory.all(trx, { roomId, userId })),
    ];
    return rows.map(({ track_id }) => track_id);
  }

  async count(trx: Reads, roomId: string, status: 'queued' | 'played'): Promise<number> {
    const { count } = await trx
      .selectFrom('tracks')
      .select((of) => of.fn.countAll<number>().as('count'))
      .where('room_id', '=', roomId)
      .where('status', '=', status)
      .executeTakeFirstOrThrow();
    return count;
  }

  /** The current track, even while playback is paused or stopped. */
  async current(trx: Reads, roomId: string): Promise<TrackWithUploader | undefined> {
    return selectTracks.first(trx, { roomId, status: 'playing' });
  }

  /** A track's position in the queue, from 1; null if it is not queued. */
  async position(trx: Trx, room: QueueRoom, trackId: string): Promise<number | null> {
    const index = (await this.#ordered(trx, room)).findIndex(({ id }) => id === trackId);
    return index === -1 ? null : index + 1;
  }

  /** The id of the first track in the queue. */
  async next(trx: Trx, room: QueueRoom): Promise<string | undefined> {
    return (await this.#ordered(trx, room))[0]?.id;
  }

  /** The id of the track in the history that was played longest ago. */
  async longestAgo(trx: Trx, roomId: string): Promise<string | undefined> {
    return (await selectLongestAgo.first(trx, { roomId }))?.id;
  }

  /** The number of queued tracks of an uploader. */
  async countOf(trx: Reads, roomId: string, uploaderId: string): Promise<number> {
    return (await countOfUploader.one(trx, { roomId, uploaderId })).count;
  }

  /**
   * Places a queued track at a position.
   * @returns its position: the last one if `position` is beyond the end; `moved` is false if it was placed there already
   */
  async place(
    trx: Trx,
    room: QueueRoom,
    trackId: string,
    position: number,
  ): Promise<{ queue_position: number; moved: boolean }> {
    const entries = await selectEntries.all(trx, { roomId: room.id });
    const before = new Map(entries.map(({ id, placed_position }) => [id, placed_position]));
    const positions = placeInQueue(entries, trackId, position, await this.#turns(trx, room));
    let moved = false;
    for (const [id, placed_position] of positions) {
      if (before.get(id) === placed_position) continue;
      moved = true;
      await trx.updateTable('tracks').set({ placed_position }).where('id', '=', id).execute();
    }
    return { queue_position: positions.get(trackId)!, moved };
  }

  /** Makes a track the current one. The previous one moves to the history. @param now Unix seconds */
  async makeCurrent(trx: Trx, room: QueueRoom, trackId: string, now: number): Promise<void> {
    // Before the current one is retired, which may change whose turn it is.
    await this.leaveQueue(trx, room, trackId);
    await this.retireCurrent(trx, room.id, now);
    await trx
      .updateTable('tracks')
      .set({ status: 'playing', played_at: null })
      .where('id', '=', trackId)
      .execute();
  }

  /** Moves the current track to the history. @param now Unix seconds */
  async retireCurrent(trx: Trx, roomId: string, now: number): Promise<void> {
    await trx
      .updateTable('tracks')
      .set({ status: 'played', played_at: now })
      .where('room_id', '=', roomId)
      .where('status', '=', 'playing')
      .execute();
  }

  /** Puts a track that is not queued at the end of the queue, without votes. @param now Unix seconds */
  async addAgain(trx: Trx, trackId: string, now: number): Promise<void> {
    await this.clearVotes(trx, trackId);
    await trx
      .updateTable('tracks')
      .set({ status: 'queued', played_at: null, placed_position: null, created_at: now })
      .where('id', '=', trackId)
      .execute();
  }

  async clearVotes(trx: Trx, trackId: string): Promise<void> {
    await trx.deleteFrom('votes').where('track_id', '=', trackId).execute();
    await trx.updateTable('tracks').set({ vote_score: 0 }).where('id', '=', trackId).execute();
  }

  /** Called before a track leaves the queue: placed tracks behind it move up by one, as all others do. */
  async leaveQueue(trx: Trx, room: QueueRoom, trackId: string): Promise<void> {
    const position = await this.position(trx, room, trackId);
    if (position === null) return;
    await trx
      .updateTable('tracks')
      .set((of) => ({ placed_position: of('placed_position', '-', 1) }))
      .where('room_id', '=', room.id)
      .where('status', '=', 'queued')
      .where('placed_position', '>', position)
      .execute();
    await trx.updateTable('tracks').set({ placed_position: null }).where('id', '=', trackId).execute();
  }

  async #ordered(trx: Trx, room: QueueRoom): Promise<QueueEntry[]> {
    return orderQueue(await selectEntries.all(trx, { roomId: room.id }), await this.#turns(trx, room));
  }

  async #turns(trx: Reads, { id: roomId, fair_turns }: QueueRoom): Promise<Turns> {
    if (fair_turns !== 1) return null;
    const playing = await selectTracks.all(trx, { roomId, status: 'playing' });
    const played = await selectTurns.all(trx, { roomId });
    return [...playing, ...played].map(({ uploader_id }) => uploader_id);
  }
}

export const trackNotFound = (): Problem => new Problem('track_not_found', 'There is no such track.');

const tracks = (db: Reads) =>
  db
    .selectFrom('tracks')
    .innerJoin('users', 'users.id', 'tracks.uploader_id')
    .selectAll('tracks')
    .select(usernameAs('uploader_name'));

const selectTrack = prepare((db, { trackId }: { trackId: string }) =>
  tracks(db).where('tracks.id', '=', trackId),
);

const selectTracks = prepare((db, { roomId, status }: { roomId: string; status: 'queued' | 'playing' }) =>
  tracks(db).where('tracks.room_id', '=', roomId).where('tracks.status', '=', status),
);

const selectEntries = prepare((db, { roomId }: { roomId: string }) =>
  db
    .selectFrom('tracks')
    .select(['id', 'uploader_id', 'vote_score', 'created_at', 'placed_position'])
    .where('room_id', '=', roomId)
    .where('status', '=', 'queued'),
);

/** As many of the history as the state of a room has, so that clients come to the same order. */
const selectTurns = prepare((db, { roomId }: { roomId: string }) =>
  db
    .selectFrom('tracks')
    .select('uploader_id')
    .where('room_id', '=', roomId)
    .where('status', '=', 'played')
    .orderBy('played_at', 'desc')
    .orderBy('id', 'desc')
    .limit(historyLength),
);

const selectLongestAgo = prepare((db, { roomId }: { roomId: string }) =>
  db
    .selectFrom('tracks')
    .select('id')
    .where('room_id', '=', roomId)
    .where('status', '=', 'played')
    .orderBy('played_at')
    .orderBy('id')
    .limit(1),
);

const countOfUploader = prepare((db, { roomId, uploaderId }: { roomId: string; uploaderId: string }) =>
  db
    .selectFrom('tracks')
    .select((of) => of.fn.countAll<number>().as('count'))
    .where('room_id', '=', roomId)
    .where('status', '=', 'queued')
    .where('uploader_id', '=', uploaderId),
);

const selectVotes = prepare((db, { roomId, userId }: { roomId: string; userId: string }) =>
  db
    .selectFrom('tracks')
    .innerJoin('votes', 'votes.track_id', 'tracks.id')
    .select('votes.track_id')
    .where('tracks.room_id', '=', roomId)
    .where('tracks.status', 'in', ['playing', 'queued'])
    .where('votes.user_id', '=', userId),
);

const selectVotesInHistory = prepare((db, { roomId, userId }: { roomId: string; userId: string }) =>
  db
    .selectFrom('votes')
    .select('track_id')
    .where('user_id', '=', userId)
    .where('track_id', 'in', (of) =>
      of
        .selectFrom('tracks')
        .select('id')
        .where('room_id', '=', roomId)
        .where('status', '=', 'played')
        .orderBy('played_at', 'desc')
        .orderBy('id', 'desc')
        .limit(historyLength),
    ),
);
