import type { RoomEvent, User } from '../../contract/index.js';
import type { Statistics } from '../../metrics/statistics.js';
import {
  Delivery,
  type FinalOutcome,
  isPlayback,
  Outcome,
  type Recipient,
  type RetryLimits,
} from './delivery.js';
import { ReplayConfirmations } from './replay-confirmations.js';
import { UnconfirmedEvents } from './unconfirmed-events.js';

/** Receives the results of deliveries, for the reports. */
export interface DeliveryObserver {
  /** Called once for each delivery, when no confirmation of it is pending any more. */
  ended(delivery: Delivery, users: readonly User[]): void;
  /** A confirmation arrived after the delivery had ended on this node, or for a replayed event. */
  confirmedLate(ackId: number, user: User, now: number): void;
}

/**
 * Who has to confirm which critical event of one room: confirmations, retries, superseded events and dead letters.
 * Owned by a `RoomStream`. It has no socket and no timer: `DeliverySweeper` calls `sweep`, and retries go through
 * `Recipient.resend`. Every expected confirmation ends in exactly one final outcome.
 */
export class ConfirmationTracker {
  /** Deliveries with a pending confirmation, oldest first, by ackId. */
  readonly #deliveries = new Map<number, Delivery>();
  readonly #replays: ReplayConfirmations;
  readonly #recipients: (Recipient | undefined)[] = [];
  /** The user who has or had each slot. It is reused only after every delivery to its last user has ended. */
  readonly users: User[] = [];
  readonly #freeSlots: { slot: number; after: number }[] = [];
  #order = 0;
  #newestPlayback = 0;

  constructor(
    /** null: the lobby. */
    readonly roomId: string | null,
    readonly limits: RetryLimits,
    private readonly statistics: Statistics,
    private readonly observer: DeliveryObserver,
  ) {
    this.#replays = new ReplayConfirmations(limits, {
      ended: (recipient, event, ackId, outcome) => this.#endReplayed(recipient, ackId, event, outcome),
      unconfirmed: (recipient, ackId, sentAt, now) => this.#addUnconfirmed(recipient, ackId, sentAt, now),
      retry: (recipient, event, ackId, attempts) => {
        const delivery = this.#deliveries.get(ackId);
        if (delivery) delivery.attemptsBySlot[recipient.slot] = attempts;
        statistics.count('retries', event.type, roomId);
        recipient.resend(event, attempts - 1);
      },
    });
  }

  /** How many deliveries have a pending confirmation. */
  get pendingDeliveries(): number {
    return this.#deliveries.size;
  }

  /** How many confirmations are pending. */
  get pending(): number {
    // A replayed event whose delivery is pending as well is counted there.
    let sum = this.#replays.count(
      ({ slot }, ackId) => this.#deliveries.get(ackId)?.outcomes[slot] !== Outcome.ReplayPending,
    );
    for (const { pending } of this.#deliveries.values()) sum += pending;
    return sum;
  }

  find(eventId: string): Delivery | undefined {
    for (const delivery of this.#deliveries.values()) {
      if (delivery.event.event_id === eventId) return delivery;
    }
    return undefined;
  }

  add(recipient: Recipient): void {
    const oldest = this.#deliveries.values().next().value?.order ?? Infinity;
    const free = this.#freeSlots[0];
    const slot = free && free.after < oldest ? this.#freeSlots.shift()!.slot : this.#recipients.length;
    this.#recipients[slot] = recipient;
    this.users[slot] = recipient.user;
    recipient.slot = slot;
  }

  /**
   * The connection has closed: what it has not confirmed ends as expired, and is replayed when the client reconnects.
   */
  remove(recipient: Recipient): void {
    const { slot } = recipient;
    if (this.#recipients[slot] !== recipient) return;
    this.#recipients[slot] = undefined;
    this.#freeSlots.push({ slot, after: this.#order });
    for (const delivery of this.#deliveries.values()) {
      if (delivery.outcomes[slot] === Outcome.Pending) this.#end(delivery, slot, Outcome.Expired);
    }
    this.#replays.remove(recipient);
  }

  /** Before a live event is sent: call `expect` on the result for each recipient, then `started`. */
  start(event: RoomEvent, ackId: number, now: number): Delivery {
    const delivery = new Delivery(event, ackId, ++this.#order, now, this.#recipients.length);
    if (isPlayback(event)) {
      this.#newestPlayback = Math.max(this.#newestPlayback, ackId);
      for (const older of this.#deliveries.values()) if (isPlayback(older.event)) older.isSuperseded = true;
    }
    this.#deliveries.set(ackId, delivery);
    return delivery;
  }

  /** After the last `expect`: a delivery without a recipient has ended. */
  started(delivery: Delivery): void {
    if (delivery.pending === 0) this.#remove(delivery);
  }

  /** An event was sent to one connection that is catching up. */
  replayed(recipient: Recipient, event: RoomEvent, ackId: number, now: number): void {
    if (isPlayback(event)) this.#newestPlayback = Math.max(this.#newestPlayback, ackId);
    this.#deliveries.get(ackId)?.expect(recipient.slot, Outcome.ReplayPending);
    this.#replays.sent(recipient, event, ackId, now);
  }

  /** A confirmation arrived. @returns whether it was expected, in time or late */
  confirm(recipient: Recipient, ackId: number, now: number): boolean {
    const delivery = this.#deliveries.get(ackId);
    const { slot } = recipient;
    if (delivery && delivery.outcomes[slot] === Outcome.Pending && this.#recipients[slot] === recipient) {
      delivery.latencySeconds[slot] = now - delivery.sentAt;
      this.statistics.confirmed(now - delivery.sentAt);
      recipient.unconfirmed?.resetMute();
      this.#end(delivery, slot, Outcome.Confirmed);
      return true;
    }
    const event = this.#replays.confirm(recipient, ackId);
    const hadEnded = recipient.unconfirmed?.remove(ackId) ?? false;
    if (!event && !hadEnded) return false;
    recipient.unconfirmed?.resetMute();
    if (!event) {
      this.observer.confirmedLate(ackId, recipient.user, now);
      return true;
    }
    if (delivery) delivery.latencySeconds[slot] = now - delivery.sentAt;
    const isInDelivery = delivery?.outcomes[slot] === Outcome.ReplayPending;
    this.#endReplayed(recipient, ackId, event, Outcome.ReplayConfirmed);
    if (!isInDelivery) this.observer.confirmedLate(ackId, recipient.user, now);
    return true;
  }

  /** Whether a confirmation of this connection is pending. */
  hasPending(recipient: Recipient): boolean {
    if (this.#replays.hasPending(recipient)) return true;
    const { slot } = recipient;
    if (this.#recipients[slot] !== recipient) return false;
    for (const { outcomes } of this.#deliveries.values()) if (outcomes[slot] === Outcome.Pending) return true;
    return false;
  }

  /** Retries what was not confirmed in time, and ends what is superseded or out of attempts. */
  sweep(now: number): void {
    for (const delivery of [...this.#deliveries.values()]) {
      if (now - delivery.sentAt < delivery.attempts * this.limits.timeoutSeconds) continue;
      if (delivery.isSuperseded) this.#endAll(delivery, Outcome.Superseded, now);
      else if (delivery.attempts >= this.limits.attempts) this.#endAll(delivery, Outcome.DeadLetter, now);
      else this.#retry(delivery);
    }
    this.#replays.sweep(now, this.#newestPlayback);
  }

  /** Ends everything that is pending, when the stream closes. */
  clear(): void {
    for (const recipient of [...this.#recipients]) if (recipient) this.remove(recipient);
  }

  #retry(delivery: Delivery): void {
    delivery.attempts += 1;
    for (let slot = 0; slot < delivery.outcomes.length; slot += 1) {
      if (delivery.outcomes[slot] !== Outcome.Pending) continue;
      delivery.attemptsBySlot[slot] = delivery.attempts;
      this.statistics.count('retries', delivery.event.type, this.roomId);
      this.#recipients[slot]?.resend(delivery.event, delivery.attempts - 1);
    }
  }

  #endAll(delivery: Delivery, outcome: Outcome.Superseded | Outcome.DeadLetter, now: number): void {
    const failed: Recipient[] = [];
    for (let slot = 0; slot < delivery.outcomes.length && delivery.pending > 0; slot += 1) {
      if (delivery.outcomes[slot] !== Outcome.Pending) continue;
      const recipient = this.#recipients[slot];
      if (recipient) {
        const isMute = this.#addUnconfirmed(recipient, delivery.ackId, delivery.sentAt, now);
        if (isMute || outcome === Outcome.DeadLetter) failed.push(recipient);
      }
      this.#end(delivery, slot, outcome);
    }
    // After the loop: a failed connection is closed, which ends its other deliveries too.
    for (const recipient of failed) recipient.fail(delivery.event);
  }

  /** @returns whether the connection is mute */
  #addUnconfirmed(recipient: Recipient, ackId: number, sentAt: number, now: number): boolean {
    recipient.unconfirmed ??= new UnconfirmedEvents();
    recipient.unconfirmed.add(ackId, sentAt);
    return recipient.unconfirmed.isMute(this.limits, now);
  }

  /** A replayed event's delivery may still be pending for others: then it ends there for this connection too. */
  #endReplayed({ slot }: Recipient, ackId: number, event: RoomEvent, outcome: FinalOutcome): void {
    const delivery = this.#deliveries.get(ackId);
    if (delivery?.outcomes[slot] === Outcome.ReplayPending) this.#end(delivery, slot, outcome);
    else this.statistics.count(counterOf[outcome], event.type, this.roomId);
  }

  #end(delivery: Delivery, slot: number, outcome: FinalOutcome): void {
    delivery.end(slot, outcome);
    this.statistics.count(counterOf[outcome], delivery.event.type, this.roomId);
    if (delivery.pending === 0) this.#remove(delivery);
  }

  #remove(delivery: Delivery): void {
    this.#deliveries.delete(delivery.ackId);
    if (delivery.expected > 0) this.observer.ended(delivery, this.users);
  }
}

const counterOf = {
  [Outcome.Confirmed]: 'confirmed',
  [Outcome.ReplayConfirmed]: 'confirmed',
  [Outcome.Expired]: 'expired',
  [Outcome.Superseded]: 'superseded',
  [Outcome.DeadLetter]: 'dead_letters',
} as const;
