import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { RoomEvent } from '../contract/index.js';
import { Database, type Trx } from '../database/database.js';
import type { DeliverySummary } from './delivery-summary.js';

/** Who confirmed one event after the fact, and when (Unix seconds). */
interface Late {
  roomId: string;
  sequence: number;
  at: Map<string, number>;
}

/** For how long, in milliseconds, confirmations are gathered: many return at once, and were away for the same events. */
const gatherFor = 1000;
const eventsAtOnce = 100;
/** How many confirmations may wait; beyond that they are given up, and said so. */
const longestQueue = 100_000;

/**
 * Whoever did not confirm an event when it went out, and confirms it when they have returned and are replayed it:
 * the rows that name them say so.
 */
@Injectable()
export class LateConfirmationsService {
  #waiting = new Map<string, Late>();
  #count = 0;
  #writing: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    @InjectPinoLogger(LateConfirmationsService.name) private readonly log: PinoLogger,
  ) {}

  note(roomId: string, event: RoomEvent, userId: string, now: number): void {
    const { sequence } = event.metadata;
    if (sequence === undefined) return;
    if (this.#count >= longestQueue) {
      this.log.warn({ room_id: roomId }, 'a late confirmation was not written down: too many wait');
      return;
    }
    const key = `${roomId} ${sequence}`;
    let late = this.#waiting.get(key);
    if (!late) this.#waiting.set(key, (late = { roomId, sequence, at: new Map() }));
    if (late.at.has(userId)) return;
    late.at.set(userId, now);
    this.#count += 1;
    this.#writing ??= this.#write();
  }

  /** Resolves once all that was noted is written. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, gatherFor));
    // In one order on all nodes, so that none waits for another that waits for it.
    const noted = [...this.#waiting].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, late]) => late);
    this.#waiting = new Map();
    this.#count = 0;
    for (let from = 0; from < noted.length; from += eventsAtOnce) {
      const some = noted.slice(from, from + eventsAtOnce);
      try {
        await this.database.write(async (trx) => {
          for (const late of some) await mark(trx, late);
        });
      } catch (err) {
        this.log.error({ err, events: some.length }, 'late confirmations could not be written');
      }
    }
    this.#writing = this.#waiting.size > 0 ? this.#write() : undefined;
  }
}

/** In each row of the event that names them, whichever node wrote it. */
async function mark(trx: Trx, { roomId, sequence, at }: Late): Promise<void> {
  // Takes the rows before reading them: another node may be about to do the same.
  const rows = await trx
    .updateTable('deliveries')
    .set((of) => ({ summary: of.ref('summary') }))
    .where('room_id', '=', roomId)
    .where('sequence', '=', sequence)
    .returning(['node_id', 'summary'])
    .execute();
  for (const { node_id, summary: before } of rows) {
    const summary = JSON.parse(before) as DeliverySummary;
    let changed = false;
    for (const user of summary.users) {
      const time = at.get(user.id);
      if (time === undefined || user.outcome === 'confirmed' || user.caught_up_at !== null) continue;
      user.caught_up_at = time;
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
}
