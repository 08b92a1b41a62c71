import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';

/** A log is pruned when it exceeds the retention by a tenth, or by this many events. */
const maxSlack = 64;
/** Events deleted by one statement: changes of rooms wait for it. */
const deleteBatchSize = 256;
/** Not counted, so that users who connect and leave repeatedly do not push other events out of the log. */
const uncountedTypes = ['user_connected_websocket', 'user_disconnected_websocket'];
/** The most that a log holds with the uncounted events, as a multiple of the retention. */
const maxFactor = 4;

/**
 * Prunes each room's log, and with it the delivery reports, to the newest `EVENT_RETENTION` events. Presence events
 * are not counted, up to a limit; the log has no gaps, so those between counted events are kept with them. Pruning
 * runs after the change that made it necessary, one room at a time.
 */
@Injectable()
export class RetentionService implements OnApplicationBootstrap {
  /** Rooms to be pruned, and the sequence up to which. */
  readonly #due = new Map<string, number>();
  #pruning: Promise<void> | undefined;
  #isStopped = false;
  readonly #slack: number;

  constructor(
    private readonly database: Database,
    @Inject(SETTINGS) private readonly settings: Settings,
    lifecycle: Lifecycle,
    @InjectPinoLogger(RetentionService.name) private readonly log: PinoLogger,
  ) {
    this.#slack = Math.min(maxSlack, Math.ceil(settings.eventRetention / 10));
    lifecycle.onStop('work', 'pruning', async () => {
      this.#isStopped = true;
      await this.#pruning;
    });
  }

  /** Prunes every room: the setting may be smaller than at the last start. */
  async onApplicationBootstrap(): Promise<void> {
    const rooms = await this.database.db
      .selectFrom('rooms')
      .select(['id', 'sequence'])
      .where('sequence', '>', this.settings.eventRetention)
      .execute();
    for (const { id, sequence } of rooms) this.#enqueue(id, sequence);
  }

  /** Called after a change has moved a room's newest sequence from `before` to `head`. */
  advanced(roomId: string, before: number, head: number): void {
    if (Math.floor(head / this.#slack) !== Math.floor(before / this.#slack)) this.#enqueue(roomId, head);
  }

  #enqueue(roomId: string, head: number): void {
    const upTo = head - this.settings.eventRetention;
    if (upTo <= 0 || this.#isStopped) return;
    this.#due.set(roomId, upTo);
    this.#pruning ??= this.#prune();
  }

  async #prune(): Promise<void> {
    for (const [roomId, latest] of this.#due) {
      this.#due.delete(roomId);
      try {
        const upTo = await this.#lastToPrune(roomId, latest);
        while (!this.#isStopped && (await this.#pruneBatch(roomId, upTo))) {
          // Waiting changes run between two batches.
          await new Promise((resolve) => setImmediate(resolve));
        }
      } catch (err) {
        // An unpruned log only takes space; the room's next events start the pruning again.
        this.log.warn({ err, room_id: roomId }, 'a log could not be pruned');
      }
    }
    this.#pruning = undefined;
  }

  /** The newest sequence to delete. @param latest the same if all events were counted */
  async #lastToPrune(roomId: string, latest: number): Promise<number> {
    const { eventRetention } = this.settings;
    const newestKept = await this.database.db
      .selectFrom('events')
      .select('sequence')
      .where('room_id', '=', roomId)
      .where('type', 'not in', uncountedTypes)
      .orderBy('sequence', 'desc')
      .offset(eventRetention)
      .limit(1)
      .executeTakeFirst();
    const atLeast = latest - (maxFactor - 1) * eventRetention;
    return Math.min(latest, Math.max(newestKept?.sequence ?? 0, atLeast));
  }

  /** @returns whether there may be more to delete */
  async #pruneBatch(roomId: string, upTo: number): Promise<boolean> {
    const { db } = this.database;
    const oldest = await db
      .selectFrom('events')
      .select((of) => of.fn.min('sequence').as('sequence'))
      .where('room_id', '=', roomId)
      .executeTakeFirst();
    const from = oldest?.sequence ?? null;
    if (from === null || from > upTo) return false;
    const end = Math.min(upTo, from + deleteBatchSize - 1);
    await db.deleteFrom('events').where('room_id', '=', roomId).where('sequence', '<=', end).execute();
    return end < upTo;
  }
}
