import { setImmediate as turn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Database, type Trx } from '../../database/database.js';
import { forUpdate } from '../../database/dialects.js';
import { parseSummary } from './delivery-summary.js';

/** Who confirmed one event after the fact, and when (Unix seconds). */
interface Late {
  roomId: string;
  sequence: number;
  at: Map<string, number>;
  /** How often it was tried to write them down. */
  tries: number;
}

/** For how long, in milliseconds, confirmations are gathered: many return at once, and were away for the same events. */
const gatherFor = 1000;
/** So few that nobody waits for the database meanwhile. */
const eventsAtOnce = 10;
/** An event may end on another node, or be written, a moment later than someone catches up on it here. */
const mostTries = 3;
/** How many confirmations may wait; beyond that they are given up, and said so. */
const longestQueue = 100_000;

/**
 * Confirmations that come after the delivery of their event has ended: from users who returned and were replayed it,
 * and from connections that were slow. Gathered, and noted in the rows of the report that name the user.
 */
@Injectable()
export class LateConfirmationsService {
  #waiting = new Map<string, Late>();
  #count = 0;
  #givenUp = 0;
  #writing: Promise<void> | undefined;
  #hurry: (() => void) | undefined;

  constructor(
    private readonly database: Database,
    @InjectPinoLogger(LateConfirmationsService.name) private readonly log: PinoLogger,
  ) {}

  note(roomId: string, sequence: number, userId: string, now: number): void {
    this.#add({ roomId, sequence, at: new Map([[userId, now]]), tries: 0 });
    this.#writing ??= this.#write();
  }

  /** Resolves once all that was noted is written, as far as it can be. */
  async flush(): Promise<void> {
    while (this.#writing) {
      this.#hurry?.();
      await this.#writing;
    }
  }

  #add({ roomId, sequence, at, tries }: Late): void {
    const key = `${roomId} ${sequence}`;
    let known = this.#waiting.get(key);
    if (!known) this.#waiting.set(key, (known = { roomId, sequence, at: new Map(), tries }));
    for (const [userId, time] of at) {
      if (known.at.has(userId)) continue;
      if (this.#count >= longestQueue) {
        this.#givenUp += 1;
        continue;
      }
      known.at.set(userId, time);
      this.#count += 1;
    }
  }

  async #write(): Promise<void> {
    await this.#gather();
    // In the order of the log, as its retention goes, so that neither waits for the other's rows in a circle.
    const noted = [...this.#waiting.values()].sort(
      (a, b) => a.roomId.localeCompare(b.roomId) || a.sequence - b.sequence,
    );
    this.#waiting = new Map();
    this.#count = 0;
    for (let from = 0; from < noted.length; from += eventsAtOnce) {
      await this.#mark(noted.slice(from, from + eventsAtOnce));
      await turn();
    }
    if (this.#givenUp > 0) {
      this.log.warn(
        { confirmations: this.#givenUp },
        'late confirmations were not written down: too many wait',
      );
      this.#givenUp = 0;
    }
    this.#writing = this.#waiting.size > 0 ? this.#write() : undefined;
  }

  async #gather(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#hurry = resolve;
      timer = setTimeout(resolve, gatherFor);
    });
    this.#hurry = undefined;
    clearTimeout(timer);
  }

  async #mark(some: Late[]): Promise<void> {
    let again: Late[];
    try {
      again = await this.database.write(async (trx) => {
        const unknown: Late[] = [];
        for (const late of some) if (!(await mark(trx, late))) unknown.push(late);
        return unknown;
      });
    } catch (err) {
      this.log.error({ err, events: some.length }, 'late confirmations could not be written; trying again');
      again = some;
    }
    for (const late of again) if (late.tries + 1 < mostTries) this.#add({ ...late, tries: late.tries + 1 });
  }
}

/** In each row of the event that names them, whichever node wrote it. @returns whether there is any row of it */
async function mark(trx: Trx, { roomId, sequence, at }: Late): Promise<boolean> {
  const ofEvent = trx
    .selectFrom('deliveries')
    .select(['node_id', 'summary'])
    .where('room_id', '=', roomId)
    .where('sequence', '=', sequence);
  // Held, as another node may be about to do the same.
  const rows = await forUpdate(trx, ofEvent).execute();
  for (const { node_id, summary: before } of rows) {
    const summary = parseSummary(before);
    let changed = false;
    for (const user of summary.users) {
      const time = at.get(user.id);
      if (time === undefined || user.outcome === 'confirmed' || user.confirmed_late_at !== null) continue;
      user.confirmed_late_at = time;
      changed = true;
    }
    if (!changed) continue;
    await trx
      .updateTable('deliveries')
      .set({ summary: JSON.stringify(summary) })
      .where('room_id', '=', roomId)
      .where('sequence', '=', sequence)
      .where('node_id', '=', node_id)
      .execute();
  }
  return rows.length > 0;
}
