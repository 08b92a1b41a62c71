import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { NodeId } from '../../cluster/node-id.js';
import type { DeliveryReport, User } from '../../contract/index.js';
import { Database, type Trx } from '../../database/database.js';
import { Problem } from '../../errors/problem.js';
import { EventLog } from '../../events/event-log.js';
import { BatchWriter } from '../../lifecycle/batch-writer.js';
import { Lifecycle } from '../../lifecycle/lifecycle.js';
import type { ConfirmationTracker } from '../confirmations/confirmation-tracker.js';
import type { Delivery } from '../confirmations/delivery.js';
import { type DeliverySummary, mergeSummaries, parseSummary, summarizeDelivery } from './delivery-summary.js';
import { LateConfirmationsService } from './late-confirmations.service.js';

interface EndedDelivery {
  roomId: string;
  eventId: string;
  sequence: number;
  summary: DeliverySummary;
}

const batchDelayMs = 100;
const maxBatchSize = 200;
const maxQueued = 10_000;

/**
 * The outcomes of critical events by user: from memory while confirmations are pending, afterwards from the table
 * `deliveries`, which has one row for each event and node.
 */
@Injectable()
export class DeliveryReportsService {
  /** Of the rooms that have connections on this node. */
  readonly #trackers = new Map<string, ConfirmationTracker>();
  readonly #writer = new BatchWriter<EndedDelivery>({
    delayMs: batchDelayMs,
    maxBatchSize,
    maxQueued,
    write: (batch) => this.database.write((trx) => this.#insert(trx, batch)),
    onError: (err, batch) =>
      this.log.error({ err, reports: batch.length }, 'delivery reports could not be written'),
    onDropped: (reports) => this.log.warn({ reports }, 'delivery reports were dropped: too many were queued'),
  });

  constructor(
    private readonly database: Database,
    private readonly eventLog: EventLog,
    private readonly late: LateConfirmationsService,
    private readonly node: NodeId,
    lifecycle: Lifecycle,
    @InjectPinoLogger(DeliveryReportsService.name) private readonly log: PinoLogger,
  ) {
    lifecycle.onStop('flush', 'delivery reports', () => this.flush());
  }

  watch(roomId: string, confirmations: ConfirmationTracker): void {
    this.#trackers.set(roomId, confirmations);
  }

  unwatch(roomId: string): void {
    this.#trackers.delete(roomId);
  }

  /** No confirmation of the delivery is pending any more: its row is written soon, in a batch. */
  ended(roomId: string, delivery: Delivery, users: readonly User[]): void {
    const { event } = delivery;
    // A deleted room has no log, so its reports cannot be read.
    if (event.type === 'room_deleted' || event.metadata.sequence === undefined) return;
    this.#writer.add({
      roomId,
      eventId: event.event_id,
      sequence: event.metadata.sequence,
      summary: summarizeDelivery(delivery, users),
    });
  }

  /** A user confirmed an event after its delivery to them had ended. @param now Unix seconds */
  confirmedLate(roomId: string, sequence: number, userId: string, now: number): void {
    this.late.add(roomId, sequence, userId, now);
  }

  /**
   * What this node has in memory of an event and may not have written. Read it before the database snapshot that
   * `report` reads: a row written in between is then in both, and never in neither.
   */
  unwritten(roomId: string, eventId: string): DeliverySummary | undefined {
    const queued = this.#writer.queued.find((ended) => ended.eventId === eventId);
    if (queued) return queued.summary;
    const tracker = this.#trackers.get(roomId);
    const delivery = tracker?.find(eventId);
    return tracker && delivery && summarizeDelivery(delivery, tracker.users);
  }

  /** @throws {Problem} event_not_found */
  async report(
    trx: Trx,
    roomId: string,
    eventId: string,
    unwritten: DeliverySummary | undefined,
  ): Promise<DeliveryReport> {
    const event = await this.eventLog.find(trx, roomId, eventId);
    if (!event) {
      throw new Problem('event_not_found', 'There is no such event in the log; it may have been pruned.');
    }
    const rows = await trx
      .selectFrom('deliveries')
      .select(['node_id', 'summary'])
      .where('room_id', '=', roomId)
      .where('sequence', '=', event.metadata.sequence!)
      .execute();
    const summaries = rows
      .filter(({ node_id }) => !unwritten || node_id !== this.node.value)
      .map(({ summary }) => parseSummary(summary));
    if (unwritten) summaries.push(unwritten);
    const { counts, connections, attempts, p50, p99, max, users } = mergeSummaries(summaries);
    return {
      event_id: eventId,
      type: event.type,
      sequence: event.metadata.sequence!,
      created_at: event.metadata.created_at,
      requires_confirmation: event.metadata.requires_confirmation,
      complete: counts.pending === 0,
      ...counts,
      confirmed_late: users.filter(({ confirmed_late_at }) => confirmed_late_at !== null).length,
      connections,
      attempts,
      time_to_confirmation: { p50, p99, max },
      users,
      users_left_out: Math.max(0, counts.expected - users.length),
    };
  }

  /** Resolves once everything that has ended is written. */
  async flush(): Promise<void> {
    await this.#writer.flush();
    await this.late.flush();
  }

  /** Writes nothing for events that are no longer in the log, because the room was deleted or they were pruned. */
  async #insert(trx: Trx, batch: readonly EndedDelivery[]): Promise<void> {
    const kept = await this.eventLog.existing(
      trx,
      batch.map(({ eventId }) => eventId),
    );
    const rows = batch
      .filter(({ eventId }) => kept.has(eventId))
      .map(({ roomId, sequence, summary }) => ({
        room_id: roomId,
        sequence,
        node_id: this.node.value,
        summary: JSON.stringify(summary),
      }));
    if (rows.length === 0) return;
    await trx
      .insertInto('deliveries')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['room_id', 'sequence', 'node_id']).doNothing())
      .execute();
  }
}
