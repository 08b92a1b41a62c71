import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Clock } from '../config/clock.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { Lead, maxLeadSeconds } from './lead.js';
import { advanceDueAt } from './playback-machine.js';
import { type EndingTrack, PlaybackStore } from './playback-store.js';

/** Maximum delay until the database is read again: to notice changes of other nodes, and to retry after a failure. */
const maxDelayMs = 1000;

/**
 * Advances rooms in which the next track is due. One timer for all rooms, set for the room that is due first. The rooms
 * are read from the database, so it depends neither on who is connected nor on which process started the track.
 */
@Injectable()
export class PlaybackScheduler {
  #timer: NodeJS.Timeout | undefined;
  /** Room clock; Infinity while no timer is set. */
  #scheduledAt = Infinity;
  #running: Promise<void> = Promise.resolve();
  #advance: ((roomId: string) => Promise<boolean>) | undefined;
  /** Rooms that were due and had no next track, with the end of their track: they advance when it has come. */
  #withoutNext = new Map<string, number>();

  constructor(
    private readonly store: PlaybackStore,
    private readonly lead: Lead,
    private readonly clock: Clock,
    lifecycle: Lifecycle,
    @InjectPinoLogger(PlaybackScheduler.name) private readonly log: PinoLogger,
  ) {
    lifecycle.onStop('work', 'the playback scheduler', () => this.#stop());
  }

  /** Starts the scheduler. `advance` is called for each room that is due, and returns whether the room advanced. */
  start(advance: (roomId: string) => Promise<boolean>): void {
    this.#advance = advance;
    this.scheduleAt(this.clock.roomTime());
  }

  /** Makes sure that rooms that are due are looked for at `time` (room clock) or earlier. */
  scheduleAt(time: number | null): void {
    if (time === null || time >= this.#scheduledAt || !this.#advance) return;
    clearTimeout(this.#timer);
    this.#scheduledAt = time;
    const delayMs = Math.min(Math.max(0, Math.ceil((time - this.clock.roomTime()) * 1000)), maxDelayMs);
    this.#timer = setTimeout(() => {
      this.#scheduledAt = Infinity;
      this.#running = this.#running.then(() => this.#advanceDueRooms());
    }, delayMs);
  }

  async #stop(): Promise<void> {
    this.#advance = undefined;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #advanceDueRooms(): Promise<void> {
    const latest = this.clock.roomTime() + maxDelayMs / 1000;
    let next = latest;
    try {
      // Later ends are not due before the database is read again, however large the lead is.
      const ending = await this.store.endingBy(latest + maxLeadSeconds);
      const withoutNext = this.#withoutNext;
      this.#withoutNext = new Map();
      for (const track of ending) {
        const dueAt = this.#dueAt(track, withoutNext);
        next = Math.min(next, dueAt > this.clock.roomTime() ? dueAt : await this.#advanceOne(track));
      }
    } catch (err) {
      this.log.error({ err }, 'rooms with ending tracks could not be read; trying again');
    }
    this.scheduleAt(next);
  }

  /** When the room is to advance, on the room clock. */
  #dueAt(track: EndingTrack, withoutNext: ReadonlyMap<string, number>): number {
    const { room_id, ends_at } = track;
    if (withoutNext.get(room_id) === ends_at) {
      this.#withoutNext.set(room_id, ends_at);
      return ends_at;
    }
    return advanceDueAt(track, this.lead.of(room_id)) ?? Infinity;
  }

  /** @returns when to look at the room again, on the room clock */
  async #advanceOne({ room_id, ends_at }: EndingTrack): Promise<number> {
    try {
      if (await this.#advance?.(room_id)) return Infinity;
      this.#withoutNext.set(room_id, ends_at);
      return ends_at;
    } catch (err) {
      this.log.error({ err, room_id }, 'the room could not advance to the next track; trying again');
      // With the next read: the room is still due, and trying at once would be a busy loop.
      return Infinity;
    }
  }
}
