import { catalogue, type RoomEvent, type User } from '../contract/index.js';
import type { Statistics } from './statistics.js';

/** A connection, as deliveries know it. */
export interface Recipient {
  readonly id: string;
  readonly user: User;
  /** Its place in its room's deliveries; given by `RoomDeliveries.enter`. */
  slot: number;
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
}

type Ended = Outcome.Confirmed | Outcome.Expired | Outcome.Superseded | Outcome.Dead;

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

/** Critical events that a returning connection was replayed and has not confirmed. */
interface Replay {
  pending: Map<number, Replayed>;
  /** When anything of it was last sent. */
  sentAt: number;
}
interface Replayed {
  event: RoomEvent;
  /** Its own: it may have been sent long after the first of the replay. */
  attempts: number;
}

/**
 * The critical events of one room that are on their way, by event and connection: who is to confirm, who has;
 * retries, superseding, dead letters. Knows no socket and no timer: whoever owns it calls `sweep`.
 */
export class RoomDeliveries {
  readonly #flying = new Map<number, Delivery>();
  readonly #replays = new Map<Recipient, Replay>();
  readonly #recipients: (Recipient | undefined)[] = [];
  /** Who has or had each slot; a slot is not given anew while a delivery that knows its owner flies. */
  readonly users: User[] = [];
  readonly #free: { slot: number; after: number }[] = [];
  #order = 0;
  #newestPlayback = 0;

  constructor(
    readonly roomId: string | null,
    private readonly limits: DeliveryLimits,
    private readonly statistics: Statistics,
    /** Called once for each delivery when nothing of it is outstanding any more. */
    private readonly ended: (delivery: Delivery, users: readonly User[]) => void,
  ) {}

  get flying(): number {
    return this.#flying.size;
  }

  /** How many confirmations are outstanding. */
  get outstanding(): number {
    let sum = 0;
    for (const { pending } of this.#flying.values()) sum += pending;
    for (const [{ slot }, { pending }] of this.#replays) {
      for (const ackId of pending.keys()) {
        if (this.#flying.get(ackId)?.outcome[slot] !== Outcome.Replaying) sum += 1;
      }
    }
    return sum;
  }

  find(eventId: string): Delivery | undefined {
    for (const delivery of this.#flying.values()) if (delivery.event.event_id === eventId) return delivery;
    return undefined;
  }

  enter(recipient: Recipient): void {
    const oldest = this.#flying.values().next().value?.order ?? Infinity;
    const free = this.#free[0];
    const slot = free && free.after < oldest ? this.#free.shift()!.slot : this.#recipients.length;
    this.#recipients[slot] = recipient;
    this.users[slot] = recipient.user;
    recipient.slot = slot;
  }

  /** The connection is gone: what it did not confirm it will be replayed, if it returns. */
  leave(recipient: Recipient): void {
    const { slot } = recipient;
    if (this.#recipients[slot] !== recipient) return;
    this.#recipients[slot] = undefined;
    this.#free.push({ slot, after: this.#order });
    for (const delivery of this.#flying.values()) {
      if (delivery.outcome[slot] === Outcome.Pending) this.#end(delivery, slot, Outcome.Expired);
    }
    const replay = this.#replays.get(recipient);
    if (replay) {
      this.#replays.delete(recipient);
      for (const [ackId, { event }] of replay.pending) {
        this.#endReplayed(recipient, ackId, event, Outcome.Expired);
      }
    }
  }

  /** An event goes out to everyone now; call `expect` on what is returned for each who is written to. */
  begin(event: RoomEvent, ackId: number, now: number): Delivery {
    const delivery = new Delivery(event, ackId, ++this.#order, now, this.#recipients.length);
    if (isPlayback(event)) {
      this.#newestPlayback = Math.max(this.#newestPlayback, ackId);
      for (const older of this.#flying.values()) if (isPlayback(older.event)) older.superseded = true;
    }
    this.#flying.set(ackId, delivery);
    return delivery;
  }

  /** After the last `expect`: a delivery to nobody has ended. */
  begun(delivery: Delivery): void {
    if (delivery.pending === 0) this.#forget(delivery);
  }

  /** An event was written to one connection alone, which is catching up. */
  replayed(recipient: Recipient, event: RoomEvent, ackId: number, now: number): void {
    if (isPlayback(event)) this.#newestPlayback = Math.max(this.#newestPlayback, ackId);
    this.#flying.get(ackId)?.expect(recipient.slot, Outcome.Replaying);
    let replay = this.#replays.get(recipient);
    if (!replay) this.#replays.set(recipient, (replay = { pending: new Map(), sentAt: now }));
    replay.pending.set(ackId, { event, attempts: 1 });
    replay.sentAt = now;
  }

  /** A confirmation came. @returns whether one was outstanding */
  confirm(recipient: Recipient, ackId: number, now: number): boolean {
    const delivery = this.#flying.get(ackId);
    const { slot } = recipient;
    if (delivery && delivery.outcome[slot] === Outcome.Pending && this.#recipients[slot] === recipient) {
      delivery.latency[slot] = now - delivery.sentAt;
      this.statistics.confirmed(now - delivery.sentAt);
      this.#end(delivery, slot, Outcome.Confirmed);
      return true;
    }
    const replay = this.#replays.get(recipient);
    const replayed = replay?.pending.get(ackId);
    if (!replay || !replayed) return false;
    replay.pending.delete(ackId);
    if (replay.pending.size === 0) this.#replays.delete(recipient);
    if (delivery) delivery.latency[slot] = now - delivery.sentAt;
    this.#endReplayed(recipient, ackId, replayed.event, Outcome.Confirmed);
    return true;
  }

  /** Whether this connection has anything to confirm. */
  owes(recipient: Recipient): boolean {
    if (this.#replays.has(recipient)) return true;
    for (const { outcome } of this.#flying.values()) {
      if (outcome[recipient.slot] === Outcome.Pending && this.#recipients[recipient.slot] === recipient) {
        return true;
      }
    }
    return false;
  }

  /** Sends again what is unconfirmed and due, and gives up what has had its attempts. */
  sweep(now: number): void {
    for (const delivery of [...this.#flying.values()]) {
      if (now - delivery.sentAt < delivery.attempts * this.limits.timeout) continue;
      if (delivery.superseded) this.#endAll(delivery, Outcome.Superseded);
      else if (delivery.attempts >= this.limits.attempts) this.#endAll(delivery, Outcome.Dead);
      else this.#retry(delivery);
    }
    for (const [recipient, replay] of [...this.#replays]) this.#sweepReplay(recipient, replay, now);
  }

  /** The room is gone: nothing of it is outstanding. */
  clear(): void {
    for (const recipient of [...this.#recipients]) {
      if (recipient) this.leave(recipient);
    }
  }

  #retry(delivery: Delivery): void {
    delivery.attempts += 1;
    for (let slot = 0; slot < delivery.outcome.length; slot += 1) {
      if (delivery.outcome[slot] !== Outcome.Pending) continue;
      delivery.attemptsOf[slot] = delivery.attempts;
      this.statistics.count('retries', delivery.event.type, this.roomId);
      this.#recipients[slot]?.resend(delivery.event, delivery.attempts - 1);
    }
  }

  #sweepReplay(recipient: Recipient, replay: Replay, now: number): void {
    if (now - replay.sentAt < this.limits.timeout) return;
    const failed: RoomEvent[] = [];
    for (const [ackId, { event, attempts }] of [...replay.pending]) {
      if (isPlayback(event) && ackId < this.#newestPlayback) {
        replay.pending.delete(ackId);
        this.#endReplayed(recipient, ackId, event, Outcome.Superseded);
      } else if (attempts >= this.limits.attempts) {
        replay.pending.delete(ackId);
        this.#endReplayed(recipient, ackId, event, Outcome.Dead);
        failed.push(event);
      }
    }
    if (replay.pending.size === 0) this.#replays.delete(recipient);
    if (failed[0]) {
      recipient.fail(failed[0]);
      return;
    }
    replay.sentAt = now;
    for (const [ackId, replayed] of replay.pending) {
      const { event } = replayed;
      replayed.attempts += 1;
      const delivery = this.#flying.get(ackId);
      if (delivery) delivery.attemptsOf[recipient.slot] = replayed.attempts;
      this.statistics.count('retries', event.type, this.roomId);
      recipient.resend(event, replayed.attempts - 1);
    }
  }

  #endAll(delivery: Delivery, outcome: Ended): void {
    const failed: Recipient[] = [];
    for (let slot = 0; slot < delivery.outcome.length && delivery.pending > 0; slot += 1) {
      if (delivery.outcome[slot] !== Outcome.Pending) continue;
      const recipient = this.#recipients[slot];
      if (outcome === Outcome.Dead && recipient) failed.push(recipient);
      this.#end(delivery, slot, outcome);
    }
    // Only now: a failed connection is closed, which ends its other deliveries too.
    for (const recipient of failed) recipient.fail(delivery.event);
  }

  /** What was replayed may fly as well: then it ends for this connection there too. */
  #endReplayed({ slot }: Recipient, ackId: number, event: RoomEvent, outcome: Ended): void {
    const delivery = this.#flying.get(ackId);
    if (delivery?.outcome[slot] === Outcome.Replaying) this.#end(delivery, slot, outcome);
    else this.statistics.count(counterOf[outcome], event.type, this.roomId);
  }

  #end(delivery: Delivery, slot: number, outcome: Ended): void {
    delivery.end(slot, outcome);
    this.statistics.count(counterOf[outcome], delivery.event.type, this.roomId);
    if (delivery.pending === 0) this.#forget(delivery);
  }

  #forget(delivery: Delivery): void {
    this.#flying.delete(delivery.ackId);
    if (delivery.expected > 0) this.ended(delivery, this.users);
  }
}

const counterOf = {
  [Outcome.Confirmed]: 'confirmed',
  [Outcome.Expired]: 'expired',
  [Outcome.Superseded]: 'superseded',
  [Outcome.Dead]: 'dead_letters',
} as const;

const isPlayback = ({ type }: RoomEvent): boolean => catalogue[type].group === 'playback';
