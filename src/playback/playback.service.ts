import { Injectable } from '@nestjs/common';
import { Clock } from '../config/clock.js';
import type { EventData, EventReference, Playback, Track, TypesOfGroup, User } from '../contract/index.js';
import { Database, type Trx } from '../database/database.js';
import { Problem } from '../errors/problem.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import { referenceTo, type RoomChange } from '../events/room-change.js';
import { RoomAccess } from '../rooms/room-access.js';
import { QueueService, trackNotFound } from '../tracks/queue.service.js';
import { trackView } from '../tracks/track-view.js';
import * as machine from './playback-machine.js';
import type { PlaybackState } from './playback-machine.js';
import { PlaybackScheduler } from './playback-scheduler.js';
import { playbackView, PlaybackStore } from './playback-store.js';

/** The result of a playback command: the new state, and the event that announces it. */
export interface PlaybackResult {
  playback: Playback;
  event: EventReference;
}

/** Playback of rooms: the commands of users, and the server's own advance when a track ends or is removed. */
@Injectable()
export class PlaybackService {
  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly access: RoomAccess,
    private readonly queue: QueueService,
    private readonly store: PlaybackStore,
    private readonly scheduler: PlaybackScheduler,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Starts a track of the room; without `trackId` the current one, else the next one in the queue.
   * @throws {Problem} not_a_participant, not_administrator, room_not_found, track_not_found, already_playing,
   * nothing_to_play
   */
  start(user: User, roomId: string, trackId: string | undefined): Promise<PlaybackResult> {
    return this.#command(user, roomId, async (change, state) => {
      if (trackId === undefined && state.status !== 'stopped') {
        throw new Problem(
          'already_playing',
          'A track is already playing or paused: resume it, skip it, or give a track_id.',
        );
      }
      const chosen = trackId ?? state.track_id ?? (await this.queue.next(change.trx, roomId));
      if (chosen === undefined) {
        throw new Problem('nothing_to_play', 'The queue is empty: upload a track first.');
      }
      const track = await this.queue.find(change.trx, chosen);
      if (track.room_id !== roomId) {
        throw trackNotFound();
      }
      return this.#begin(change, state, chosen, user);
    });
  }

  /** @throws {Problem} as `start`, and not_playing */
  pause(user: User, roomId: string): Promise<PlaybackResult> {
    return this.#command(user, roomId, async (change, state) => {
      const next = machine.pause(state, await this.#duration(change.trx, state), change.now);
      return this.#apply(change, next, 'playback_paused', (playback) => ({ playback, user }));
    });
  }

  /** @throws {Problem} as `start`, and not_paused */
  resume(user: User, roomId: string): Promise<PlaybackResult> {
    return this.#command(user, roomId, async (change, state) => {
      const next = machine.resume(state, await this.#duration(change.trx, state), change.now);
      return this.#apply(change, next, 'playback_resumed', (playback) => ({ playback, user }));
    });
  }

  /** @throws {Problem} as `start`, and not_playing */
  stop(user: User, roomId: string): Promise<PlaybackResult> {
    return this.#command(user, roomId, (change, state) =>
      this.#apply(change, machine.stop(state), 'playback_stopped', (playback) => ({
        playback,
        user,
        reason: 'stopped',
      })),
    );
  }

  /** @throws {Problem} as `start`, and not_playing, invalid_field */
  seek(user: User, roomId: string, position: number): Promise<PlaybackResult> {
    return this.#command(user, roomId, async (change, state) => {
      const next = machine.seek(state, position, await this.#duration(change.trx, state), change.now);
      return this.#apply(change, next, 'playback_seeked', (playback) => ({ playback, user }));
    });
  }

  /** @throws {Problem} as `start`, and not_playing */
  skip(user: User, roomId: string): Promise<PlaybackResult> {
    return this.#command(user, roomId, async (change, state) => {
      if (state.status === 'stopped' || state.track_id === null) {
        throw new Problem('not_playing', 'Nothing is playing.');
      }
      const previous = await this.queue.view(change.trx, state.track_id);
      return this.#advance(change, state, previous, user, 'skipped');
    });
  }

  /** @throws {Problem} not_a_participant, room_not_found */
  async status(
    user: User,
    roomId: string,
  ): Promise<{ playback: Playback; track: Track | null; server_time: number }> {
    await this.access.requireParticipant(roomId, user.id);
    return this.database.snapshot(async (trx) => {
      const state = await this.store.load(trx, roomId);
      const track = await this.queue.current(trx, roomId);
      const server_time = this.clock.now();
      return {
        playback: playbackView(state, server_time),
        track: track ? trackView(track) : null,
        server_time,
      };
    });
  }

  /** Advances to the next track if the current one has ended; otherwise does nothing. */
  async advanceIfEnded(roomId: string): Promise<void> {
    await this.broadcaster.roomChange(roomId, async (change) => {
      const state = await this.store.load(change.trx, roomId);
      // Checked under the room's lock: the timers of several nodes fire for the same track, and one may advance.
      if (state.track_id === null || state.ends_at === null || state.ends_at > change.now) return;
      const previous = await this.queue.view(change.trx, state.track_id);
      await this.#advance(change, state, previous, null, 'ended');
    });
  }

  /** Starts an added track if the room has no current track and this is the only one in the queue. */
  async startFirstTrack(change: RoomChange, trackId: string): Promise<void> {
    const state = await this.store.load(change.trx, change.room.id);
    if (state.track_id !== null || (await this.queue.count(change.trx, change.room.id, 'queued')) !== 1) {
      return;
    }
    await this.#begin(change, state, trackId, null);
  }

  /** Advances to the next track if the removed one was the current track. */
  async advanceAfterRemoval(change: RoomChange, removed: Track, user: User): Promise<void> {
    const state = await this.store.load(change.trx, change.room.id);
    if (state.track_id !== removed.id) return;
    await this.#advance(change, state, { ...removed, status: 'played' }, user, 'removed');
  }

  /** Runs a user's command in a room change, if the room's settings permit it. */
  #command(
    user: User,
    roomId: string,
    work: (change: RoomChange, state: PlaybackState) => Promise<PlaybackResult>,
  ): Promise<PlaybackResult> {
    return this.broadcaster.roomCommand(roomId, async (change) => {
      await this.access.requirePermission(roomId, user, 'playback_control', change.trx);
      return work(change, await this.store.load(change.trx, roomId));
    });
  }

  async #begin(
    change: RoomChange,
    state: PlaybackState,
    trackId: string,
    user: User | null,
  ): Promise<PlaybackResult> {
    const { trx, room, now } = change;
    await this.queue.makeCurrent(trx, room.id, trackId, now);
    const track = await this.queue.view(trx, trackId);
    const next = machine.start(state, trackId, track.duration, now);
    return this.#apply(change, next, 'playback_started', (playback) => ({ track, playback, user }));
  }

  /** Advances from `previous` to the next track, or to none if the queue is empty. */
  async #advance(
    change: RoomChange,
    state: PlaybackState,
    previous: Track,
    user: User | null,
    reason: EventData<'track_skipped'>['reason'],
  ): Promise<PlaybackResult> {
    const { trx, room, now } = change;
    // If playback is stopped and the current track is removed, no other track starts.
    const nextId = state.status === 'stopped' ? undefined : await this.queue.next(trx, room.id);
    let track: Track | null = null;
    if (nextId === undefined) {
      await this.queue.retireCurrent(trx, room.id, now);
    } else {
      await this.queue.makeCurrent(trx, room.id, nextId, now);
      track = await this.queue.view(trx, nextId);
    }
    const next = track ? machine.start(state, track.id, track.duration, now) : machine.clear(state);
    const previous_track: Track = { ...previous, status: 'played' };
    return this.#apply(change, next, 'track_skipped', (playback) => ({
      previous_track,
      track,
      playback,
      user,
      reason,
    }));
  }

  /** Stores the new state, raises its event, and schedules the end of the track for after the commit. */
  async #apply<T extends TypesOfGroup<'playback'>>(
    change: RoomChange,
    state: PlaybackState,
    type: T,
    data: (playback: Playback) => EventData<T>,
  ): Promise<PlaybackResult> {
    await this.store.save(change.trx, change.room.id, state);
    const playback = playbackView(state, change.now);
    const event = referenceTo(change.playbackActivity(type, data(playback)));
    change.onceCommitted(() => {
      this.scheduler.scheduleAt(state.ends_at);
      return Promise.resolve();
    });
    return { playback, event };
  }

  async #duration(trx: Trx, state: PlaybackState): Promise<number> {
    return state.track_id === null ? 0 : (await this.queue.find(trx, state.track_id)).duration;
  }
}
