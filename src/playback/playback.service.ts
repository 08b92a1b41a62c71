import { Injectable } from '@nestjs/common';
import { Clock } from '../config/clock.js';
import type { Playback, Track, User } from '../contract/index.js';
import { Database, type Trx } from '../database/database.js';
import { Problem } from '../errors/problem.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import type { RoomChange } from '../events/room-change.js';
import { RoomAccess } from '../rooms/room-access.js';
import { QueueService, trackNotFound } from '../tracks/queue.service.js';
import { trackView } from '../tracks/track-view.js';
import { PlaybackChanges, type PlaybackResult } from './playback-changes.js';
import * as machine from './playback-machine.js';
import type { PlaybackState } from './playback-machine.js';
import { playbackView, PlaybackStore } from './playback-store.js';

/** Playback of rooms: the commands of users, and the current state. */
@Injectable()
export class PlaybackService {
  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly access: RoomAccess,
    private readonly queue: QueueService,
    private readonly store: PlaybackStore,
    private readonly changes: PlaybackChanges,
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
      const chosen = trackId ?? state.track_id ?? (await this.queue.next(change.trx, change.room));
      if (chosen === undefined) {
        throw new Problem('nothing_to_play', 'The queue is empty: upload a track first.');
      }
      const track = await this.queue.find(change.trx, chosen);
      if (track.room_id !== roomId) {
        throw trackNotFound();
      }
      return this.changes.start(change, state, chosen, user);
    });
  }

  /** @throws {Problem} as `start`, and not_playing */
  pause(user: User, roomId: string): Promise<PlaybackResult> {
    return this.#command(user, roomId, async (change, state) => {
      const duration = await this.#duration(change.trx, state);
      const next = machine.pause(state, duration, this.clock.roomTime());
      return this.changes.apply(change, next, 'playback_paused', (playback) => ({ playback, user }));
    });
  }

  /** @throws {Problem} as `start`, and not_paused */
  resume(user: User, roomId: string): Promise<PlaybackResult> {
    return this.#command(user, roomId, async (change, state) => {
      const duration = await this.#duration(change.trx, state);
      const next = machine.resume(state, duration, this.changes.effectiveAt(roomId));
      return this.changes.apply(change, next, 'playback_resumed', (playback) => ({ playback, user }));
    });
  }

  /** @throws {Problem} as `start`, and not_playing */
  stop(user: User, roomId: string): Promise<PlaybackResult> {
    return this.#command(user, roomId, (change, state) =>
      this.changes.apply(change, machine.stop(state), 'playback_stopped', (playback) => ({
        playback,
        user,
        reason: 'stopped',
      })),
    );
  }

  /** @throws {Problem} as `start`, and not_playing, invalid_field */
  seek(user: User, roomId: string, position: number): Promise<PlaybackResult> {
    return this.#command(user, roomId, async (change, state) => {
      const duration = await this.#duration(change.trx, state);
      const next = machine.seek(state, position, duration, this.changes.effectiveAt(roomId));
      return this.changes.apply(change, next, 'playback_seeked', (playback) => ({ playback, user }));
    });
  }

  /** @throws {Problem} as `start`, and not_playing */
  skip(user: User, roomId: string): Promise<PlaybackResult> {
    return this.#command(user, roomId, async (change, state) => {
      if (state.status === 'stopped' || state.track_id === null) {
        throw new Problem('not_playing', 'Nothing is playing.');
      }
      const previous = await this.queue.view(change.trx, state.track_id);
      return this.changes.advance(change, state, { previous, user, reason: 'skipped' });
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
      const server_time = this.clock.roomTime();
      return {
        playback: playbackView(state, server_time),
        track: track ? trackView(track) : null,
        server_time,
      };
    });
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

  async #duration(trx: Trx, state: PlaybackState): Promise<number> {
    return state.track_id === null ? 0 : (await this.queue.find(trx, state.track_id)).duration;
  }
}
