import { Injectable } from '@nestjs/common';
import type { EventReference, Track, User } from '../contract/index.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors/problem.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import type { RoomChange } from '../events/room-change.js';
import { RoomAccess } from '../rooms/room-access.js';
import { QueueService, trackNotFound } from './queue.service.js';
import { filesOf, TrackFiles } from './storage/track-files.js';
import { TrackLimits } from './track-limits.js';
import { trackView, type TrackWithUploader } from './track-view.js';

/** The answer of a command on a track; `event` is null if nothing changed. */
export interface TrackCommandResult {
  track: Track;
  event: EventReference | null;
}

/**
 * Lists, votes, moves and removes the tracks of a room. One instance, owned by the tracks module. Every method checks
 * first whether the user may do this; every change is a change of the room, with its event.
 */
@Injectable()
export class TracksService {
  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly access: RoomAccess,
    private readonly queue: QueueService,
    private readonly files: TrackFiles,
    private readonly limits: TrackLimits,
    private readonly database: Database,
  ) {}

  /**
   * A page of the room's tracks: the current one and the queue in order, or the history, newest first.
   * @throws {Problem} room_not_found, not_a_participant
   */
  async list(user: User, roomId: string, played: boolean, limit = 1000, offset = 0) {
    return this.database.snapshot(async (trx) => {
      const room = await this.access.requireParticipant(roomId, user.id, trx);
      let page: TrackWithUploader[];
      let total: number;
      if (played) {
        page = await this.queue.played(trx, roomId, limit, offset);
        total = await this.queue.count(trx, roomId, 'played');
      } else {
        const current = await this.queue.current(trx, roomId);
        const all = [...(current ? [current] : []), ...(await this.queue.queued(trx, room))];
        page = all.slice(offset, offset + limit);
        total = all.length;
      }
      const more = offset + page.length < total;
      return { tracks: page.map(trackView), total, more, next: more ? offset + page.length : null };
    });
  }

  /** A track, for a participant of its room. @throws {Problem} track_not_found, not_a_participant */
  async get(user: User, trackId: string): Promise<TrackWithUploader> {
    const track = await this.queue.find(this.database.db, trackId);
    try {
      await this.access.requireParticipant(track.room_id, user.id);
    } catch (error) {
      // To other users, a private room and its tracks do not exist.
      const hidden = error instanceof Problem && error.code === 'room_not_found';
      throw hidden ? trackNotFound() : error;
    }
    return track;
  }

  /**
   * The peaks of a track, from 0 to 1, for a participant of its room.
   * @throws {Problem} track_not_found, not_a_participant, waveform_not_found
   */
  async waveform(user: User, trackId: string): Promise<number[]> {
    await this.get(user, trackId);
    const row = await this.database.db
      .selectFrom('waveforms')
      .select('peaks')
      .where('track_id', '=', trackId)
      .executeTakeFirst();
    if (!row) throw new Problem('waveform_not_found', 'This track has no waveform.');
    return Array.from(Buffer.from(row.peaks, 'base64'), (peak) => peak / 100);
  }

  /**
   * Votes for a track; a second vote of the same user changes nothing.
   * @throws {Problem} track_not_found, not_a_participant, not_administrator, rate_limited
   */
  vote(user: User, trackId: string, address: string): Promise<TrackCommandResult> {
    return this.#changeVote({ user, address }, trackId, 'track_voted', async ({ trx, now }) => {
      const added = await trx
        .insertInto('votes')
        .values({ track_id: trackId, user_id: user.id, created_at: now })
        .onConflict((conflict) => conflict.columns(['track_id', 'user_id']).doNothing())
        .returning('track_id')
        .executeTakeFirst();
      return added !== undefined;
    });
  }

  /** Withdraws a vote; if there is none, nothing changes. @throws {Problem} as `vote` */
  unvote(user: User, trackId: string, address: string): Promise<TrackCommandResult> {
    return this.#changeVote({ user, address }, trackId, 'track_unvoted', async ({ trx }) => {
      const removed = await trx
        .deleteFrom('votes')
        .where('track_id', '=', trackId)
        .where('user_id', '=', user.id)
        .returning('track_id')
        .executeTakeFirst();
      return removed !== undefined;
    });
  }

  /**
   * Moves a queued track to a position in the queue, which votes do not change. Administrator only.
   * @throws {Problem} room_not_found, not_a_participant, not_administrator, track_not_found, not_queued
   */
  place(user: User, roomId: string, trackId: string, position: number) {
    return this.broadcaster.roomCommand(roomId, async (change) => {
      const { trx, room } = change;
      await this.access.requireAdministrator(roomId, user, trx);
      const row = await this.queue.find(trx, trackId);
      if (row.room_id !== roomId) throw trackNotFound();
      if (row.status !== 'queued') throw new Problem('not_queued', 'Only a queued track has a position.');
      const { queue_position, moved } = await this.queue.place(trx, room, trackId, position);
      if (moved) change.trackActivity('queue_reordered', { track_id: trackId, queue_position, user });
      const track = await this.queue.view(trx, trackId);
      return { track, queue_position, event: await change.lastEvent() };
    });
  }

  /**
   * Removes a track, and its files unless another track uses them. Uploader and administrator only.
   * @throws {Problem} track_not_found, not_a_participant, forbidden
   */
  async remove(user: User, trackId: string): Promise<TrackCommandResult> {
    const { room_id } = await this.get(user, trackId);
    return this.broadcaster.roomCommand(room_id, async (change) => {
      const { trx, room } = change;
      await this.access.requireParticipant(room_id, user.id, trx);
      const row = await this.queue.find(trx, trackId);
      const isUploader = row.uploader_id === user.id;
      if (!isUploader && room.administrator_id !== user.id) {
        throw new Problem('forbidden', 'Only its uploader or the administrator may remove a track.');
      }
      await this.queue.leaveQueue(trx, room, trackId);
      await trx.deleteFrom('tracks').where('id', '=', trackId).execute();
      const track = trackView(row);
      change.trackActivity('track_removed', {
        track,
        removed_by: user,
        reason: isUploader ? 'uploader' : 'administrator',
      });
      change.onceCommitted(() => this.files.release(filesOf(row)));
      return { track, event: await change.lastEvent() };
    });
  }

  /** @param write inserts or deletes the vote; returns whether that changed anything */
  async #changeVote(
    { user, address }: { user: User; address: string },
    trackId: string,
    type: 'track_voted' | 'track_unvoted',
    write: (change: RoomChange) => Promise<boolean>,
  ): Promise<TrackCommandResult> {
    const { room_id } = await this.get(user, trackId);
    return this.broadcaster.roomCommand(room_id, async (change) => {
      const { trx, room } = change;
      await this.access.requirePermission(room_id, user, 'vote', trx);
      // The track may have been removed since it was looked up outside of the transaction.
      await this.queue.find(trx, trackId);
      const changed = await write(change);
      if (!changed) return { track: await this.queue.view(trx, trackId), event: null };
      await this.limits.vote(user.id, address, room_id);
      const by = type === 'track_voted' ? 1 : -1;
      await trx
        .updateTable('tracks')
        .set((of) => ({ vote_score: of('vote_score', '+', by) }))
        .where('id', '=', trackId)
        .execute();
      const track = await this.queue.view(trx, trackId);
      const queue_position = await this.queue.position(trx, room, trackId);
      change.trackActivity(type, { track, voter: user, queue_position });
      return { track, event: await change.lastEvent() };
    });
  }
}
