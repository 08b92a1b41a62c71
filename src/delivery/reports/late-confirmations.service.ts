import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Database, type Trx } from '../../database/database.js';
import { forUpdate } from '../../database/dialects.js';
import { BatchWriter } from '../../lifecycle/batch-writer.js';
import { parseSummary } from './delivery-summary.js';

interface LateConfirmation {
  roomId: string;
  sequence: number;
  userId: string;
  /** Unix seconds. */
  at: number;
  tries: number;
}

/** The late confirmations of one event. */
interface LateForEvent {
  roomId: string;
  sequence: number;
  confirmations: LateConfirmation[];
}

/**
 * Users often reconnect together and confirm the same events: one update for each event instead of one for each user.
 */
const batchDelayMs = 1000;
const maxQueued = 100_000;
/** SQLite is synchronous: each transaction blocks the event loop for a short time only. */
const eventsPerTransaction = 10;
/** The report's row may be written, by this node or another, a moment after the late confirmation. */
const maxTries = 3;

/**
 * Confirmations that arrive after the delivery of their event has ended: from users who reconnected and were replayed
 * the event, and from slow connections. Added to the rows of the report that name the user.
 */
@Injectable()
export class LateConfirmationsService {
  readonly #writer = new BatchWriter<LateConfirmation>({
    delayMs: batchDelayMs,
    // Also for retries: the report's row is written within a moment.
    delaysEachBatch: true,
    // All at once: users who return together confirm the same events.
    maxBatchSize: maxQueued,
    maxQueued,
    write: (batch) => this.#write(batch),
    onError: (err, batch) =>
      this.log.error({ err, confirmations: batch.length }, 'late confirmations could not be written'),
    onDropped: (confirmations) =>
      this.log.warn({ confirmations }, 'late confirmations were dropped: too many were queued'),
  });

  constructor(
    private readonly database: Database,
    @InjectPinoLogger(LateConfirmationsService.name) private readonly log: PinoLogger,
  ) {}

  /** @param now Unix seconds */
  add(roomId: string, sequence: number, userId: string, now: number): void {
    this.#writer.add({ roomId, sequence, userId, at: now, tries: 0 });
  }

  flush(): Promise<void> {
    return this.#writer.flush();
  }

  async #write(batch: readonly LateConfirmation[]): Promise<void> {
    const events = groupByEvent(batch);
    for (let from = 0; from < events.length; from += eventsPerTransaction) {
      await this.#writeEvents(events.slice(from, from + eventsPerTransaction));
      await nextTurn();
    }
  }

  async #writeEvents(events: readonly LateForEvent[]): Promise<void> {
    let unwritten: readonly LateForEvent[];
    try {
      unwritten = await this.database.write(async (trx) => {
        const withoutRow: LateForEvent[] = [];
        for (const event of events) if (!(await updateRows(trx, event))) withoutRow.push(event);
        return withoutRow;
      });
    } catch (err) {
      this.log.error({ err, events: events.length }, 'late confirmations could not be written; trying again');
      unwritten = events;
    }
    for (const { confirmations } of unwritten) {
      for (const confirmation of confirmations) {
        const tries = confirmation.tries + 1;
        if (tries < maxTries) this.#writer.add({ ...confirmation, tries });
      }
    }
  }
}

/** In the order of the log, as the retention deletes: two transactions then cannot wait for each other's rows. */
function groupByEvent(batch: readonly LateConfirmation[]): LateForEvent[] {
  const events = new Map<string, LateForEvent>();
  for (const confirmation of batch) {
    const { roomId, sequence } = confirmation;
    const key = `${roomId} ${sequence}`;
    const event = events.get(key) ?? { roomId, sequence, confirmations: [] };
    events.set(key, event);
    event.confirmations.push(confirmation);
  }
  return [...events.values()].sort((a, b) => a.roomId.localeCompare(b.roomId) || a.sequence - b.sequence);
}

/** Updates each row of the event that names a user, whichever node wrote it. @returns whether there is any row */
async function updateRows(trx: Trx, { roomId, sequence, confirmations }: LateForEvent): Promise<boolean> {
  const ofEvent = trx
    .selectFrom('deliveries')
    .select(['node_id', 'summary'])
    .where('room_id', '=', roomId)
    .where('sequence', '=', sequence);
  // Locked: another node may be about to update the same rows.
  const rows = await forUpdate(trx, ofEvent).execute();
  for (const { node_id, summary: stored } of rows) {
    const summary = parseSummary(stored);
    let isChanged = false;
    for (const user of summary.users) {
      const late = confirmations.find(({ userId }) => userId === user.id);
      if (!late || user.outcome === 'confirmed' || user.confirmed_late_at !== null) continue;
      user.confirmed_late_at = late.at;
      isChanged = true;
    }
    if (!isChanged) continue;
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
