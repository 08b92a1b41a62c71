import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';

/** A room's log may grow this much beyond the retention before it is looked at: a tenth, up to this. */
const mostSlack = 64;
/** So many events go in one statement, so that no change ever waits long. */
const step = 256;
/** Presence says who is there, not what happened: it does not push what happened out of the log. */
const uncountedTypes = ['user_connected_websocket', 'user_disconnected_websocket'];
/** With the uncounted ones a log may hold at most this many times the retention. */
const maxFactor = 4;

/**
 * Keeps each room's log, and with it the delivery reports, to the newest `EVENT_RETENTION` events. Presence events are
 * not counted, up to a limit; the log has no gaps, so those between counted events are kept with them.
 */
@Injectable()
export class RetentionService implements OnApplicationBootstrap, OnModuleDestroy {
  /** Rooms to be looked at, and up to which sequence their events go. */
  readonly #due = new Map<string, number>();
  #work: Promise<void> | undefined;
  #ended = false;
  readonly #slack: number;

  constructor(
    private readonly database: Database,
    @Inject(SETTINGS) private readonly settings: Settings,
    @InjectPinoLogger(RetentionService.name) private readonly log: PinoLogger,
  ) {
    this.#slack = Math.min(mostSlack, Math.ceil(settings.eventRetention / 10));
  }

  /** The setting may have become smaller since the last start. */
  async onApplicationBootstrap(): Promise<void> {
    const rooms = await this.database.db
      .selectFrom('rooms')
      .select(['id', 'sequence'])
      .where('sequence', '>', this.settings.eventRetention)
      .execute();
    for (const { id, sequence } of rooms) this.#enqueue(id, sequence);
  }

  async onModuleDestroy(): Promise<void> {
    this.#ended = true;
    await this.#work;
  }

  /** A room's newest sequence has gone from `before` to `head`. */
  advanced(roomId: string, before: number, head: number): void {
    if (Math.floor(head / this.#slack) !== Math.floor(before / this.#slack)) this.#enqueue(roomId, head);
  }

  #enqueue(roomId: string, head: number): void {
    const upTo = head - this.settings.eventRetention;
    if (upTo <= 0 || this.#ended) return;
    this.#due.set(roomId, upTo);
    this.#work ??= this.#prune();
  }

  async #prune(): Promise<void> {
    for (const [roomId, latest] of this.#due) {
      this.#due.delete(roomId);
      try {
        const upTo = await this.#prunedUpTo(roomId, latest);
        while (!this.#ended && (await this.#pruneStep(roomId, upTo))) {
          // Whoever else wants the database goes first.
          await new Promise((resolve) => setImmediate(resolve));
        }
      } catch (err) {
        // Costs space, nothing else; the room's next events bring it back here.
        this.log.warn({ err, room_id: roomId }, 'a log could not be pruned');
      }
    }
    this.#work = undefined;
  }

  /** The newest sequence that goes. @param latest the same if all events were counted */
  async #prunedUpTo(roomId: string, latest: number): Promise<number> {
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

  /** @returns whether there may be more */
  async #pruneStep(roomId: string, upTo: number): Promise<boolean> {
    const { db } = this.database;
    const oldest = await db
      .selectFrom('events')
      .select((of) => of.fn.min('sequence').as('sequence'))
      .where('room_id', '=', roomId)
      .executeTakeFirst();
    const from = oldest?.sequence ?? null;
    if (from === null || from > upTo) return false;
    const end = Math.min(upTo, from + step - 1);
    await db.deleteFrom('events').where('room_id', '=', roomId).where('sequence', '<=', end).execute();
    return end < upTo;
  }
}
