import { catalogue, type RoomEvent, type User } from '../../contract/index.js';
import type { UnconfirmedEvents } from './unconfirmed-events.js';

/** The part of a `Connection` that confirmations use. */
export interface Recipient {
  readonly id: string;
  readonly user: User;
  /** Its index in the arrays of each delivery. Assigned by `ConfirmationTracker.add`. */
  slot: number;
  /** The events whose delivery ended without its confirmation; made when there is one. */
  unconfirmed: UnconfirmedEvents | undefined;
  resend(event: RoomEvent, retryCount: number): void;
  /** Sends `delivery_failed` and closes the connection, so that the client reconnects and catches up. */
  fail(event: RoomEvent): void;
}

/** The outcome of one connection's copy. `Pending` and `ReplayPending` are not final. */
export const enum Outcome {
  /** The connection was not sent the event. */
  None = 0,
  Pending = 1,
  Confirmed = 2,
  /** The connection closed first; the event is replayed when the client reconnects. */
  Expired = 3,
  /** A retry was due, and a newer playback event had been sent. */
  Superseded = 4,
  DeadLetter = 5,
  /** Sent in a replay while the delivery was still pending for others; it has attempts of its own. */
  ReplayPending = 6,
  /** Confirmed after such a replay. */
  ReplayConfirmed = 7,
}

export type FinalOutcome =
  Outcome.Confirmed | Outcome.Expired | Outcome.Superseded | Outcome.DeadLetter | Outcome.ReplayConfirmed;

/** How long a copy may stay unconfirmed before it is sent again, and how often it is sent at most. */
export interface RetryLimits {
  timeoutSeconds: number;
  attempts: number;
}

/**
 * One critical event and the connections that have to confirm it. Owned by `ConfirmationTracker`. Per-connection state
 * is kept in typed arrays indexed by slot: no object is allocated for each event and connection.
 */
export class Delivery {
  outcomes: Uint8Array;
  /** Attempts so far, or when the delivery ended. */
  attemptsBySlot: Uint8Array;
  /** Seconds from the first send to the confirmation. */
  latencySeconds: Float32Array;
  expected = 0;
  pending = 0;
  attempts = 1;
  isSuperseded = false;

  constructor(
    readonly event: RoomEvent,
    readonly ackId: number,
    /** Grows with each delivery of the room. */
    readonly order: number,
    /** Unix seconds. */
    readonly sentAt: number,
    capacity: number,
  ) {
    this.outcomes = new Uint8Array(capacity);
    this.attemptsBySlot = new Uint8Array(capacity);
    this.latencySeconds = new Float32Array(capacity);
  }

  expect(slot: number, as: Outcome.Pending | Outcome.ReplayPending = Outcome.Pending): void {
    if (slot >= this.outcomes.length) this.#grow(slot + 1);
    if (this.outcomes[slot] !== Outcome.None) return;
    this.outcomes[slot] = as;
    this.attemptsBySlot[slot] = 1;
    this.expected += 1;
    this.pending += 1;
  }

  end(slot: number, outcome: FinalOutcome): void {
    this.outcomes[slot] = outcome;
    this.pending -= 1;
  }

  #grow(minCapacity: number): void {
    const capacity = Math.max(minCapacity, this.outcomes.length * 2, 16);
    this.outcomes = copyInto(new Uint8Array(capacity), this.outcomes);
    this.attemptsBySlot = copyInto(new Uint8Array(capacity), this.attemptsBySlot);
    this.latencySeconds = copyInto(new Float32Array(capacity), this.latencySeconds);
  }
}

const copyInto = <T extends Uint8Array | Float32Array>(target: T, source: T): T => {
  target.set(source);
  return target;
};

/** A newer playback event supersedes an older one: only the newest state of playback has to be confirmed. */
export const isPlayback = ({ type }: RoomEvent): boolean => catalogue[type].group === 'playback';
