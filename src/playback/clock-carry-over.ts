import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Clock } from '../config/clock.js';
import { Database } from '../database/database.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { PlaybackChanges } from './playback-changes.js';
import { shift } from './playback-machine.js';
import { PlaybackStore } from './playback-store.js';

const checkEveryMs = 1000;
/** A smaller offset cannot be noticed, and the system time is only known to the millisecond. */
const minOffsetMs = 10;

/**
 * Carries playback over from the clock of an earlier process to this one's. Both begin with the system time, but the
 * system time may have jumped while the earlier process ran, and its clock did not follow. Therefore each process stores
 * by how much the system time is ahead of its clock, and the next one adds that to the stored times.
 */
@Injectable()
export class ClockCarryOver {
  /** Undefined until the times of earlier processes are converted. */
  #storedOffsetMs: number | undefined;

  constructor(
    private readonly database: Database,
    private readonly broadcaster: EventBroadcasterService,
    private readonly store: PlaybackStore,
    private readonly changes: PlaybackChanges,
    private readonly clock: Clock,
    lifecycle: Lifecycle,
    @InjectPinoLogger(ClockCarryOver.name) private readonly log: PinoLogger,
  ) {
    lifecycle.repeat('the offset of the system time', checkEveryMs, () => this.#storeOffset());
    lifecycle.onStop('flush', 'the offset of the system time', () => this.#storeOffset());
  }

  /** Converts the stored times. To be called before anything else uses them. */
  async convert(): Promise<void> {
    const offsetMs = Number((await this.database.readState('clock_offset_ms')) ?? 0);
    // Before the rooms: each of them is converted once at most.
    await this.#write(0);
    if (Math.abs(offsetMs) < minOffsetMs) return;
    const rooms = await this.store.playingRooms();
    this.log.warn({ offset_ms: offsetMs, rooms: rooms.length }, 'playback is carried over to another clock');
    for (const roomId of rooms) await this.#convertRoom(roomId, offsetMs / 1000);
  }

  /** Clients that resume have the old `started_at`, so that they are sent the new one as an event. */
  async #convertRoom(roomId: string, seconds: number): Promise<void> {
    try {
      await this.broadcaster.roomChange(roomId, async (change) => {
        const state = shift(await this.store.load(change.trx, roomId), seconds);
        await this.changes.apply(change, state, 'playback_seeked', (playback) => ({ playback, user: null }));
      });
    } catch (err) {
      this.log.error({ err, room_id: roomId }, 'playback could not be carried over to another clock');
    }
  }

  async #storeOffset(): Promise<void> {
    const offsetMs = this.clock.systemOffsetMs;
    if (this.#storedOffsetMs === undefined || Math.abs(offsetMs - this.#storedOffsetMs) < minOffsetMs) return;
    await this.#write(offsetMs);
  }

  async #write(offsetMs: number): Promise<void> {
    await this.database.writeState('clock_offset_ms', String(offsetMs));
    this.#storedOffsetMs = offsetMs;
  }
}
