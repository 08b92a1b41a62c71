import type { RoomEvent } from '../contract/index.js';
import { seal } from '../events/envelope.js';
import type { Delivery, DeliveryLimits } from '../events/delivery.js';
import { RoomDeliveries } from '../events/room-deliveries.js';
import type { Statistics } from '../events/statistics.js';
import type { User } from '../contract/index.js';
import type { Channel, Connection } from './connection.js';
import { encodeFrame, type Frame } from './frame.js';

/** What fanning out needs of its surroundings. */
export interface FanOutContext {
  now: () => number;
  limits: DeliveryLimits;
  statistics: Statistics;
  onSlow: (connection: Connection, roomId: string | null) => void;
  onEnded: (roomId: string, delivery: Delivery, users: readonly User[]) => void;
  onCaughtUp: (roomId: string, event: RoomEvent, user: User, now: number) => void;
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
    this.statistics = context.statistics;
    // A little more than the attempts, so that they decide.
    this.lastWordSeconds = context.limits.timeout * context.limits.attempts + 1;
    this.deliveries = new RoomDeliveries(roomId, context.limits, context.statistics, {
      // The lobby has no log, and no reports.
      ended: (delivery, users) => roomId !== null && context.onEnded(roomId, delivery, users),
      caughtUp: (event, user, now) => roomId !== null && context.onCaughtUp(roomId, event, user, now),
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
