import { catalogue, type RoomEvent, type User } from '../../contract/index.js';
import type { UnconfirmedEvents } from './unconfirmed-events.js';

/** A connection, as deliveries know it. */
export interface Recipient {
  readonly id: string;
  readonly user: User;
  /** Its place in its room's deliveries; given by `RoomDeliveries.enter`. */
  slot: number;
  /** What it has not confirmed of events whose delivery has ended. */
  unconfirmed?: UnconfirmedEvents | undefined;
  /** Sends a logged event again. */
  resend(event: RoomEvent, retryCount: number): void;
  /** The last attempt is unconfirmed: tells it so and closes it, to return and catch up. */
  fail(event: RoomEvent): void;
}

/** Where one recipient's copy stands. */
export const enum Outcome {
  None = 0,
  Pending = 1,
  Confirmed = 2,
  /** The connection was gone first. */
  Expired = 3,
  Superseded = 4,
  Dead = 5,
  /** Outstanding with a connection that came in while the event flew: it has attempts of its own. */
  Replaying = 6,
  /** Confirmed by such a connection. */
  CaughtUp = 7,
}

export type Ended =
  Outcome.Confirmed | Outcome.Expired | Outcome.Superseded | Outcome.Dead | Outcome.CaughtUp;

export interface DeliveryLimits {
  /** Seconds until an attempt counts as unconfirmed. */
  timeout: number;
  attempts: number;
}

/**
 * One critical event on its way to everyone who was connected. What is known of each recipient lies in arrays by
 * slot: no object is made for an event and a socket, and a confirmation changes three numbers.
 */
export class Delivery {
  outcome: Uint8Array;
  /** Attempts made when it ended, or so far. */
  attemptsOf: Uint8Array;
  /** Seconds from the first write to the confirmation. */
  latency: Float32Array;
  expected = 0;
  pending = 0;
  attempts = 1;
  superseded = false;

  constructor(
    readonly event: RoomEvent,
    readonly ackId: number,
    readonly order: number,
    readonly sentAt: number,
    capacity: number,
  ) {
    this.outcome = new Uint8Array(capacity);
    this.attemptsOf = new Uint8Array(capacity);
    this.latency = new Float32Array(capacity);
  }

  expect(slot: number, as: Outcome.Pending | Outcome.Replaying = Outcome.Pending): void {
    if (slot >= this.outcome.length) this.#grow(slot + 1);
    if (this.outcome[slot] !== Outcome.None) return;
    this.outcome[slot] = as;
    this.attemptsOf[slot] = 1;
    this.expected += 1;
    this.pending += 1;
  }

  end(slot: number, outcome: Outcome): void {
    this.outcome[slot] = outcome;
    this.pending -= 1;
  }

  #grow(capacity: number): void {
    const grown = Math.max(capacity, this.outcome.length * 2, 16);
    this.outcome = copyInto(new Uint8Array(grown), this.outcome);
    this.attemptsOf = copyInto(new Uint8Array(grown), this.attemptsOf);
    this.latency = copyInto(new Float32Array(grown), this.latency);
  }
}

const copyInto = <T extends Uint8Array | Float32Array>(target: T, source: T): T => {
  target.set(source);
  return target;
};

/** Newer ones supersede older ones: nobody needs to confirm where playback was. */
export const isPlayback = ({ type }: RoomEvent): boolean => catalogue[type].group === 'playback';
