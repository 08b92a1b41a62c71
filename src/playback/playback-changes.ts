import { Injectable } from '@nestjs/common';
import { Clock } from '../config/clock.js';
import type { EventData, EventReference, Playback, Track, TypesOfGroup, User } from '../contract/index.js';
import { referenceTo, type RoomChange } from '../events/room-change.js';
import { QueueService } from '../tracks/queue.service.js';
import { Lead } from './lead.js';
import * as machine from './playback-machine.js';
import type { PlaybackState } from './playback-machine.js';
import { NextTracks } from './next-track.js';
import { PlaybackScheduler } from './playback-scheduler.js';
import { playbackView, PlaybackStore } from './playback-store.js';
import { SkipVotes } from './skip-votes.js';

/** A change of playback: the new state, and the event that announces it. */
export interface PlaybackResult {
  playback: Playback;
  event: EventReference;
}

/**
 * Applies new states of playback in a change of the room, for commands and for the server's own advance. Every applied
 * state is stored, announced by one event, and scheduled.
 */
@Injectable()
export class PlaybackChanges {
  constructor(
    private readonly queue: QueueService,
    private readonly nextTracks: NextTracks,
    private readonly skipVotes: SkipVotes,
    private readonly store: PlaybackStore,
    private readonly scheduler: PlaybackScheduler,
    private readonly lead: Lead,
    private readonly clock: Clock,
  ) {}

  /** When a change of this room that is made now takes effect, on the room clock. */
  effectiveAt(roomId: string): number {
    return this.clock.roomTime() + this.lead.of(roomId);
  }

  /** Makes a track the current one and starts it. */
  async start(
    change: RoomChange,
    state: PlaybackState,
    trackId: string,
    user: User | null,
  ): Promise<PlaybackResult> {
    const { trx, room, now } = change;
    await this.queue.makeCurrent(trx, room, trackId, now);
    await this.skipVotes.clear(trx, room.id);
    const track = await this.queue.view(trx, trackId);
    const next = machine.start(state, trackId, track.duration, this.effectiveAt(room.id));
    return this.apply(change, next, 'playback_started', (playback) => ({ track, playback, user }));
  }

  /**
   * Advances to the next track, which may be the same one again, or to none.
   * @param startsAt when the next track starts, on the room clock
   */
  async advance(
    change: RoomChange,
    state: PlaybackState,
    { previous, user, reason }: { previous: Track; user: User | null; reason: SkipReason },
    startsAt = this.effectiveAt(change.room.id),
  ): Promise<PlaybackResult> {
    const { trx, room, now } = change;
    // If playback is stopped and the current track is removed, no other track starts.
    const { id: nextId, requeues } =
      state.status === 'stopped'
        ? { id: undefined, requeues: false }
        : await this.nextTracks.after(change, previous, reason);
    if (nextId === previous.id) {
      if (requeues) await this.queue.clearVotes(trx, nextId);
    } else {
      if (nextId === undefined) await this.queue.retireCurrent(trx, room.id, now);
      else await this.queue.makeCurrent(trx, room, nextId, now);
      if (requeues) await this.queue.addAgain(trx, previous.id, now);
    }
    await this.skipVotes.clear(trx, room.id);
    const track = nextId === undefined ? null : await this.queue.view(trx, nextId);
    const next = track ? machine.start(state, track.id, track.duration, startsAt) : machine.clear(state);
    const previous_track: Track =
      reason === 'removed' ? { ...previous, status: 'played' } : await this.queue.view(trx, previous.id);
    return this.apply(change, next, 'track_skipped', (playback) => ({
      previous_track,
      track,
      playback,
      user,
      reason,
    }));
  }

  /** Stores the new state, raises its event, and schedules the end of the track for after the commit. */
  async apply<T extends TypesOfGroup<'playback'>>(
    change: RoomChange,
    state: PlaybackState,
    type: T,
    data: (playback: Playback) => EventData<T>,
  ): Promise<PlaybackResult> {
    const roomId = change.room.id;
    await this.store.save(change.trx, roomId, state);
    const playback = playbackView(state, this.clock.roomTime());
    const event = referenceTo(change.playbackActivity(type, data(playback)));
    change.onceCommitted(() => {
      this.scheduler.scheduleAt(machine.advanceDueAt(state, this.lead.of(roomId)));
      return Promise.resolve();
    });
    return { playback, event };
  }
}

type SkipReason = EventData<'track_skipped'>['reason'];
