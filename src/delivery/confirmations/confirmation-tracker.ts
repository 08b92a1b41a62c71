import type { RoomEvent, User } from '../../contract/index.js';
import {
  Delivery,
  type DeliveryLimits,
  type Ended,
  isPlayback,
  Outcome,
  type Recipient,
} from './delivery.js';
import { Replays } from './replay-confirmations.js';
import type { Statistics } from '../../metrics/statistics.js';
import { UnconfirmedEvents } from './unconfirmed-events.js';

/** Who is told what became of deliveries. */
export interface DeliveryObserver {
  /** Once for each delivery, when nothing of it is outstanding any more. */
  ended(delivery: Delivery, users: readonly User[]): void;
  /** A confirmation came after the delivery had ended on this node, or for an event that was replayed. */
  confirmedLate(ackId: number, user: User, now: number): void;
}

/**
 * The critical events of one room that are on their way, by event and connection: who is to confirm, who has;
 * retries, superseding, dead letters. Knows no socket and no timer: whoever owns it calls `sweep`.
 */
export class RoomDeliveries {
  readonly #flying = new Map<number, Delivery>();
  readonly #replays: Replays;
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
    private readonly observer: DeliveryObserver,
  ) {
    this.#replays = new Replays(limits, {
      ended: (recipient, event, ackId, outcome) => this.#endReplayed(recipient, ackId, event, outcome),
      unconfirmed: (recipient, ackId, sentAt, now) => this.#addUnconfirmed(recipient, ackId, sentAt, now),
      retry: (recipient, event, ackId, attempts) => {
        const delivery = this.#flying.get(ackId);
        if (delivery) delivery.attemptsOf[recipient.slot] = attempts;
        statistics.count('retries', event.type, roomId);
        recipient.resend(event, attempts - 1);
      },
    });
  }

  get flying(): number {
    return this.#flying.size;
  }

  /** How many confirmations are outstanding. */
  get outstanding(): number {
    // What is replayed and flies as well is counted there.
    let sum = this.#replays.count(
      ({ slot }, ackId) => this.#flying.get(ackId)?.outcome[slot] !== Outcome.Replaying,
    );
    for (const { pending } of this.#flying.values()) sum += pending;
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
    this.#replays.leave(recipient);
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
    this.#replays.sent(recipient, event, ackId, now);
  }

  /** A confirmation came. @returns whether one was outstanding */
  confirm(recipient: Recipient, ackId: number, now: number): boolean {
    const delivery = this.#flying.get(ackId);
    const { slot } = recipient;
    if (delivery && delivery.outcome[slot] === Outcome.Pending && this.#recipients[slot] === recipient) {
      delivery.latency[slot] = now - delivery.sentAt;
      this.statistics.confirmed(now - delivery.sentAt);
      recipient.unconfirmed?.confirmed();
      this.#end(delivery, slot, Outcome.Confirmed);
      return true;
    }
    const event = this.#replays.confirm(recipient, ackId);
    const wasEnded = recipient.unconfirmed?.take(ackId) ?? false;
    if (!event && !wasEnded) return false;
    recipient.unconfirmed?.confirmed();
    if (!event) {
      this.observer.confirmedLate(ackId, recipient.user, now);
      return true;
    }
    if (delivery) delivery.latency[slot] = now - delivery.sentAt;
    const flies = delivery?.outcome[slot] === Outcome.Replaying;
    this.#endReplayed(recipient, ackId, event, Outcome.CaughtUp);
    if (!flies) this.observer.confirmedLate(ackId, recipient.user, now);
    return true;
  }

  /** Whether this connection has anything to confirm. */
  owes(recipient: Recipient): boolean {
    if (this.#replays.owes(recipient)) return true;
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
      if (delivery.superseded) this.#endAll(delivery, Outcome.Superseded, now);
      else if (delivery.attempts >= this.limits.attempts) this.#endAll(delivery, Outcome.Dead, now);
      else this.#retry(delivery);
    }
    this.#replays.sweep(now, this.#newestPlayback);
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

  #endAll(delivery: Delivery, outcome: Outcome.Superseded | Outcome.Dead, now: number): void {
    const failed: Recipient[] = [];
    for (let slot = 0; slot < delivery.outcome.length && delivery.pending > 0; slot += 1) {
      if (delivery.outcome[slot] !== Outcome.Pending) continue;
      const recipient = this.#recipients[slot];
      if (recipient) {
        const isMute = this.#addUnconfirmed(recipient, delivery.ackId, delivery.sentAt, now);
        if (isMute || outcome === Outcome.Dead) failed.push(recipient);
      }
      this.#end(delivery, slot, outcome);
    }
    // Only now: a failed connection is closed, which ends its other deliveries too.
    for (const recipient of failed) recipient.fail(delivery.event);
  }

  /** An event ends unconfirmed. @returns whether the connection confirms nothing at all */
  #addUnconfirmed(recipient: Recipient, ackId: number, sentAt: number, now: number): boolean {
    recipient.unconfirmed ??= new UnconfirmedEvents();
    recipient.unconfirmed.add(ackId, sentAt);
    return recipient.unconfirmed.isMute(this.limits, now);
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
    if (delivery.expected > 0) this.observer.ended(delivery, this.users);
  }
}

const counterOf = {
  [Outcome.Confirmed]: 'confirmed',
  [Outcome.CaughtUp]: 'confirmed',
  [Outcome.Expired]: 'expired',
  [Outcome.Superseded]: 'superseded',
  [Outcome.Dead]: 'dead_letters',
} as const;
