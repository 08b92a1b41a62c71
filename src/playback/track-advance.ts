import { Injectable } from '@nestjs/common';
import { Clock } from '../config/clock.js';
import type { Track, User } from '../contract/index.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import type { RoomChange } from '../events/room-change.js';
import { QueueService } from '../tracks/queue.service.js';
import { Lead } from './lead.js';
import { NextTracks } from './next-track.js';
import { PlaybackChanges } from './playback-changes.js';
import { advanceDueAt, type PlaybackState } from './playback-machine.js';
import { PlaybackStore } from './playback-store.js';

/** The server's own changes of playback: when a track ends, is added or is removed. */
@Injectable()
export class TrackAdvance {
  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly queue: QueueService,
    private readonly nextTracks: NextTracks,
    private readonly store: PlaybackStore,
    private readonly changes: PlaybackChanges,
    private readonly lead: Lead,
    private readonly clock: Clock,
  ) {}

  /** Advances to the next track if that is due. @returns whether it was */
  advanceIfDue(roomId: string): Promise<boolean> {
    return this.broadcaster.roomChange(roomId, async (change) =>
      this.#advanceIfDue(change, await this.store.load(change.trx, roomId)),
    );
  }

  /** Starts an added track if the room is silent, or if it is the next one and the current track is about to end. */
  async trackAdded(change: RoomChange, trackId: string): Promise<void> {
    const { trx, room } = change;
    const state = await this.store.load(trx, room.id);
    if (state.track_id !== null) await this.#advanceIfDue(change, state);
    else if ((await this.queue.count(trx, room.id, 'queued')) === 1) {
      await this.changes.start(change, state, trackId, null);
    }
  }

  /** Advances to the next track if the removed one was the current track. */
  async trackRemoved(change: RoomChange, removed: Track, user: User): Promise<void> {
    const state = await this.store.load(change.trx, change.room.id);
    if (state.track_id !== removed.id) return;
    await this.changes.advance(change, state, { previous: removed, user, reason: 'removed' });
  }

  async #advanceIfDue(change: RoomChange, state: PlaybackState): Promise<boolean> {
    const { trx, room } = change;
    const { track_id, ends_at } = state;
    const now = this.clock.roomTime();
    const dueAt = advanceDueAt(state, this.lead.of(room.id));
    // Checked under the room's lock: the timers of several nodes fire for the same track, and one may advance.
    if (track_id === null || ends_at === null || dueAt === null || dueAt > now) return false;
    const previous = await this.queue.view(trx, track_id);
    // Without a next track the current one is heard to its end.
    if (now < ends_at && (await this.nextTracks.after(change, previous, 'ended')).id === undefined) {
      return false;
    }
    // After the end the room is silent already: then the next track is announced as every other start is.
    const startsAt = now <= ends_at ? ends_at : this.changes.effectiveAt(room.id);
    await this.changes.advance(change, state, { previous, user: null, reason: 'ended' }, startsAt);
    return true;
  }
}
