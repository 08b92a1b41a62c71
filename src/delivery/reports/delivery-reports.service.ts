import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { DeliveryReport, User } from '../../contract/index.js';
import { Database, type Trx } from '../../database/database.js';
import { NodeId } from '../../cluster/node-id.js';
import { Problem } from '../../errors/problem.js';
import { EventLog } from '../../events/event-log.js';
import { LateConfirmationsService } from './late-confirmations.service.js';
import { type DeliverySummary, mergeSummaries, parseSummary, summarizeDelivery } from './delivery-summary.js';
import type { Delivery } from '../confirmations/delivery.js';
import type { RoomDeliveries } from '../confirmations/confirmation-tracker.js';

interface Ended {
  roomId: string;
  eventId: string;
  sequence: number;
  summary: DeliverySummary;
}

/** For how long, in milliseconds, summaries are gathered before they are written together. */
const gatherFor = 100;
/** How many summaries may wait to be written; beyond that the oldest are given up, and said so. */
const longestQueue = 10_000;

/** What became of critical events, user by user: live while they fly, from one row per event and node afterwards. */
@Injectable()
export class DeliveryReportsService {
  /** The rooms that have deliveries flying on this node. */
  readonly #live = new Map<string, RoomDeliveries>();
  #waiting: Ended[] = [];
  #givenUp = 0;
  #writing: Promise<void> | undefined;

  constructor(
    private readonly database: Database,
    private readonly eventLog: EventLog,
    private readonly late: LateConfirmationsService,
    private readonly node: NodeId,
    @InjectPinoLogger(DeliveryReportsService.name) private readonly log: PinoLogger,
  ) {}

  watch(roomId: string, deliveries: RoomDeliveries): void {
    this.#live.set(roomId, deliveries);
  }

  unwatch(roomId: string): void {
    this.#live.delete(roomId);
  }

  /** Nothing of a delivery is outstanding any more: its row is written soon, with others. */
  ended(roomId: string, delivery: Delivery, users: readonly User[]): void {
    const { event } = delivery;
    // The room and its log are gone: there is nothing to ask about.
    if (event.type === 'room_deleted' || event.metadata.sequence === undefined) return;
    if (this.#waiting.length >= longestQueue) {
      this.#givenUp += 1;
      this.#waiting.shift();
    }
    this.#waiting.push({
      roomId,
      eventId: event.event_id,
      sequence: event.metadata.sequence,
      summary: summarizeDelivery(delivery, users),
    });
    this.#writing ??= this.#write();
  }

  /** A user has confirmed an event after its delivery to them had ended. @param now Unix seconds */
  confirmedLate(roomId: string, sequence: number, userId: string, now: number): void {
    this.late.note(roomId, sequence, userId, now);
  }

  /**
   * What this node holds of an event and may not have written yet. To be asked before the snapshot that `report`
   * reads from: what ends in between is then here, and at worst there too.
   */
  unwritten(roomId: string, eventId: string): DeliverySummary | undefined {
    const waiting = this.#waiting.find((ended) => ended.eventId === eventId);
    if (waiting) return waiting.summary;
    const deliveries = this.#live.get(roomId);
    const flying = deliveries?.find(eventId);
    return deliveries && flying && summarizeDelivery(flying, deliveries.users);
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
      throw new Problem(
        'event_not_found',
        'There is no such event in the log; it may have been too long ago.',
      );
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
      complete: counts.outstanding === 0,
      ...counts,
      confirmed_late: users.filter(({ confirmed_late_at }) => confirmed_late_at !== null).length,
      connections,
      attempts,
      time_to_confirmation: { p50, p99, max },
      users,
      users_left_out: Math.max(0, counts.expected - users.length),
    };
  }

  /** Resolves once all that has ended is written. */
  async flush(): Promise<void> {
    await this.#writing;
    await this.late.flush();
  }

  async #write(): Promise<void> {
    // A moment, so that what ends in it is written together.
    await new Promise((resolve) => setTimeout(resolve, gatherFor));
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, 200);
      try {
        await this.database.write((trx) => this.#insert(trx, batch));
      } catch (err) {
        this.log.error({ err, reports: batch.length }, 'delivery reports could not be written');
      }
      // Only now, so that a report asked for meanwhile finds them in one place or the other.
      const written = new Set(batch);
      this.#waiting = this.#waiting.filter((ended) => !written.has(ended));
    }
    if (this.#givenUp > 0) {
      this.log.warn({ reports: this.#givenUp }, 'delivery reports waited too long to be written');
      this.#givenUp = 0;
    }
    this.#writing = undefined;
  }

  /** Nothing for those whose event is gone, with its room or by age. */
  async #insert(trx: Trx, batch: readonly Ended[]): Promise<void> {
    const existing = await this.eventLog.existing(
      trx,
      batch.map(({ eventId }) => eventId),
    );
    const rows = batch
      .filter(({ eventId }) => existing.has(eventId))
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
