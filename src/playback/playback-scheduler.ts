import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Clock } from '../config/clock.js';
import { PlaybackStore } from './playback-store.js';

/** How long it may take until a change made on another node, or a failure, is looked at again. */
const longestNap = 1000;

/**
 * One timer for all rooms, set for the track that ends first. What is due is read from the database, so that
 * nothing depends on who is connected, or on this process having been there when the track began.
 */
@Injectable()
export class PlaybackScheduler implements OnModuleDestroy {
  #timer: NodeJS.Timeout | undefined;
  #wakesAt = Infinity;
  #work: Promise<void> = Promise.resolve();
  #advance: ((roomId: string) => Promise<void>) | undefined;

  constructor(
    private readonly store: PlaybackStore,
    private readonly clock: Clock,
    @InjectPinoLogger(PlaybackScheduler.name) private readonly log: PinoLogger,
  ) {}

  /** Begins; `advance` is called for each room whose track has ended. */
  begin(advance: (roomId: string) => Promise<void>): void {
    this.#advance = advance;
    this.wakeAt(this.clock.now());
  }

  /** Looks again at `time` (Unix seconds) at the latest. */
  wakeAt(time: number | null): void {
    if (time === null || time >= this.#wakesAt || !this.#advance) return;
    clearTimeout(this.#timer);
    this.#wakesAt = time;
    const delay = Math.min(Math.max(0, Math.ceil((time - this.clock.now()) * 1000)), longestNap);
    this.#timer = setTimeout(() => {
      this.#wakesAt = Infinity;
      this.#work = this.#work.then(() => this.#look());
    }, delay);
  }

  async onModuleDestroy(): Promise<void> {
    this.#advance = undefined;
    clearTimeout(this.#timer);
    await this.#work;
  }

  async #look(): Promise<void> {
    const soonest = this.clock.now() + longestNap / 1000;
    let next = soonest;
    try {
      let allWell = true;
      for (const roomId of await this.store.due(this.clock.now())) {
        allWell = (await this.#advanceOne(roomId)) && allWell;
      }
      // A room that failed is still due: without a pause it would be tried without end.
      if (allWell) next = Math.min(soonest, (await this.store.nextEnd()) ?? soonest);
    } catch (err) {
      this.log.error({ err }, 'playback could not be looked at; trying again');
    }
    this.wakeAt(next);
  }

  async #advanceOne(roomId: string): Promise<boolean> {
    try {
      await this.#advance?.(roomId);
      return true;
    } catch (err) {
      this.log.error({ err, room_id: roomId }, 'playback could not go on; trying again');
      return false;
    }
  }
}
