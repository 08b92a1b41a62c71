import type { RoomEvent } from '../contract/index.js';
import { seal } from '../events/envelope.js';
import type { DeliveryLimits } from '../delivery/confirmations/delivery.js';
import type { DeliveryReportsService } from '../delivery/reports/delivery-reports.service.js';
import { RoomDeliveries } from '../delivery/confirmations/confirmation-tracker.js';
import type { Statistics } from '../metrics/statistics.js';
import type { Channel, Connection } from '../delivery/connection.js';
import { encodeFrame, type Frame } from './transport/fast/frame.js';

/** What fanning out needs of its surroundings. */
export interface FanOutContext {
  readonly limits: DeliveryLimits;
  readonly statistics: Statistics;
  readonly reports: Pick<DeliveryReportsService, 'ended' | 'confirmedLate'>;
  now(): number;
  onSlow(connection: Connection, roomId: string | null): void;
}

/** The connections of one namespace, and the critical events that they have not confirmed. */
export class FanOut implements Channel {
  readonly connections = new Set<Connection>();
  readonly deliveries: RoomDeliveries;
  readonly statistics: Statistics;
  readonly lastWordSeconds: number;
  /** Numbers of acknowledgements where there is no log to number the events. */
  readonly #ackIds = new WeakMap<RoomEvent, number>();
  #lastAckId = 0;

  constructor(
    readonly namespace: string,
    readonly roomId: string | null,
    private readonly context: FanOutContext,
  ) {
    const { limits, statistics, reports } = context;
    this.statistics = statistics;
    // A little more than the attempts, so that they decide.
    this.lastWordSeconds = limits.timeout * limits.attempts + 1;
    this.deliveries = new RoomDeliveries(roomId, limits, statistics, {
      // The lobby has no log, and no reports.
      ended: (delivery, users) => roomId !== null && reports.ended(roomId, delivery, users),
      // In a room the number of an acknowledgement is the event's sequence.
      confirmedLate: (sequence, user, now) =>
        roomId !== null && reports.confirmedLate(roomId, sequence, user.id, now),
    });
  }

  add(connection: Connection): void {
    this.connections.add(connection);
    connection.join(this);
    this.deliveries.enter(connection);
  }

  /** @returns whether it was here */
  remove(connection: Connection): boolean {
    this.deliveries.leave(connection);
    connection.leave();
    return this.connections.delete(connection);
  }

  /** To everyone here, encoded once. */
  emit(event: RoomEvent): void {
    const { statistics, context } = this;
    const delivery = event.metadata.requires_confirmation
      ? this.deliveries.begin(event, this.ackIdOf(event), context.now())
      : undefined;
    let frame: Frame | undefined;
    const encode = () => (frame ??= this.encode(event));
    let written = 0;
    for (const connection of this.connections) if (connection.offer(event, encode, delivery)) written += 1;
    if (delivery) this.deliveries.begun(delivery);
    statistics.count('events', event.type, this.roomId);
    if (written === 0) return;
    statistics.count('deliveries', event.type, this.roomId, written);
    statistics.written(Math.max(0, context.now() - event.metadata.created_at));
  }

  now(): number {
    return this.context.now();
  }

  encode(event: RoomEvent, retryCount = 0): Frame {
    const ackId = event.metadata.requires_confirmation ? this.ackIdOf(event) : undefined;
    return encodeFrame(this.namespace, seal(event, this.context.now(), retryCount), ackId);
  }

  ackIdOf(event: RoomEvent): number {
    if (event.metadata.sequence !== undefined) return event.metadata.sequence;
    let id = this.#ackIds.get(event);
    if (id === undefined) this.#ackIds.set(event, (id = ++this.#lastAckId));
    return id;
  }

  onSlow(connection: Connection): void {
    this.context.onSlow(connection, this.roomId);
  }
}
