import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Clock } from '../config/clock.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { PlaybackStore } from './playback-store.js';

/** Maximum delay until the database is read again: to notice changes of other nodes, and to retry after a failure. */
const maxDelayMs = 1000;

/**
 * Advances rooms whose track has ended. One timer for all rooms, set for the track that ends first. The rooms are read
 * from the database, so it depends neither on who is connected nor on which process started the track.
 */
@Injectable()
export class PlaybackScheduler {
  #timer: NodeJS.Timeout | undefined;
  /** Unix seconds; Infinity while no timer is set. */
  #scheduledAt = Infinity;
  #running: Promise<void> = Promise.resolve();
  #advance: ((roomId: string) => Promise<void>) | undefined;

  constructor(
    private readonly store: PlaybackStore,
    private readonly clock: Clock,
    lifecycle: Lifecycle,
    @InjectPinoLogger(PlaybackScheduler.name) private readonly log: PinoLogger,
  ) {
    lifecycle.onStop('work', 'the playback scheduler', () => this.#stop());
  }

  /** Starts the scheduler. `advance` is called for each room whose track has ended. */
  start(advance: (roomId: string) => Promise<void>): void {
    this.#advance = advance;
    this.scheduleAt(this.clock.now());
  }

  /** Makes sure that ended tracks are looked for at `time` (Unix seconds) or earlier. */
  scheduleAt(time: number | null): void {
    if (time === null || time >= this.#scheduledAt || !this.#advance) return;
    clearTimeout(this.#timer);
    this.#scheduledAt = time;
    const delayMs = Math.min(Math.max(0, Math.ceil((time - this.clock.now()) * 1000)), maxDelayMs);
    this.#timer = setTimeout(() => {
      this.#scheduledAt = Infinity;
      this.#running = this.#running.then(() => this.#advanceEndedRooms());
    }, delayMs);
  }

  async #stop(): Promise<void> {
    this.#advance = undefined;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #advanceEndedRooms(): Promise<void> {
    const latest = this.clock.now() + maxDelayMs / 1000;
    let next = latest;
    try {
      let allAdvanced = true;
      for (const roomId of await this.store.roomsWithEndedTrack(this.clock.now())) {
        allAdvanced = (await this.#advanceOne(roomId)) && allAdvanced;
      }
      // A room that failed still has an ended track: without the delay it would be retried in a busy loop.
      if (allAdvanced) next = Math.min(latest, (await this.store.nextEnd()) ?? latest);
    } catch (err) {
      this.log.error({ err }, 'rooms with ended tracks could not be read; trying again');
    }
    this.scheduleAt(next);
  }

  async #advanceOne(roomId: string): Promise<boolean> {
    try {
      await this.#advance?.(roomId);
      return true;
    } catch (err) {
      this.log.error({ err, room_id: roomId }, 'the room could not advance to the next track; trying again');
      return false;
    }
  }
}
