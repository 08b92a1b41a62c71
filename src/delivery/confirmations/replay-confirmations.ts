import type { RoomEvent } from '../../contract/index.js';
import { type DeliveryLimits, type Ended, isPlayback, Outcome, type Recipient } from './delivery.js';

/** What a returning connection was replayed and has not confirmed. */
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

export interface ReplayObserver {
  ended(recipient: Recipient, event: RoomEvent, ackId: number, outcome: Ended): void;
  /** An event ends unconfirmed. @returns whether the connection confirms nothing at all, and has failed */
  unconfirmed(recipient: Recipient, ackId: number, sentAt: number, now: number): boolean;
  /** Is to be sent again. @param attempts with this one */
  retry(recipient: Recipient, event: RoomEvent, ackId: number, attempts: number): void;
}

/** The critical events that returning connections of one room catch up on: each connection has attempts of its own. */
export class Replays {
  readonly #replays = new Map<Recipient, Replay>();

  constructor(
    private readonly limits: DeliveryLimits,
    private readonly observer: ReplayObserver,
  ) {}

  /** How many confirmations are outstanding, of those that `counts` says count. */
  count(counts: (recipient: Recipient, ackId: number) => boolean): number {
    let sum = 0;
    for (const [recipient, { pending }] of this.#replays) {
      for (const ackId of pending.keys()) if (counts(recipient, ackId)) sum += 1;
    }
    return sum;
  }

  owes(recipient: Recipient): boolean {
    return this.#replays.has(recipient);
  }

  sent(recipient: Recipient, event: RoomEvent, ackId: number, now: number): void {
    let replay = this.#replays.get(recipient);
    if (!replay) this.#replays.set(recipient, (replay = { pending: new Map(), sentAt: now }));
    replay.pending.set(ackId, { event, attempts: 1 });
    replay.sentAt = now;
  }

  /** @returns what was confirmed; undefined where nothing of that number is outstanding */
  confirm(recipient: Recipient, ackId: number): RoomEvent | undefined {
    const replay = this.#replays.get(recipient);
    const replayed = replay?.pending.get(ackId);
    if (!replay || !replayed) return undefined;
    replay.pending.delete(ackId);
    if (replay.pending.size === 0) this.#replays.delete(recipient);
    return replayed.event;
  }

  leave(recipient: Recipient): void {
    const replay = this.#replays.get(recipient);
    if (!replay) return;
    this.#replays.delete(recipient);
    for (const [ackId, { event }] of replay.pending) {
      this.observer.ended(recipient, event, ackId, Outcome.Expired);
    }
  }

  /** @param newestPlayback the number of the newest playback event that anyone was sent */
  sweep(now: number, newestPlayback: number): void {
    for (const [recipient, replay] of [...this.#replays]) {
      if (now - replay.sentAt >= this.limits.timeout) this.#sweep(recipient, replay, now, newestPlayback);
    }
  }

  #sweep(recipient: Recipient, replay: Replay, now: number, newestPlayback: number): void {
    const failed: RoomEvent[] = [];
    for (const [ackId, { event, attempts }] of [...replay.pending]) {
      if (isPlayback(event) && ackId < newestPlayback) {
        replay.pending.delete(ackId);
        if (this.observer.unconfirmed(recipient, ackId, replay.sentAt, now)) failed.push(event);
        this.observer.ended(recipient, event, ackId, Outcome.Superseded);
      } else if (attempts >= this.limits.attempts) {
        replay.pending.delete(ackId);
        this.observer.unconfirmed(recipient, ackId, replay.sentAt, now);
        this.observer.ended(recipient, event, ackId, Outcome.Dead);
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
      replayed.attempts += 1;
      this.observer.retry(recipient, replayed.event, ackId, replayed.attempts);
    }
  }
}
