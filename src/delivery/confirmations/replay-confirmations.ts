import type { RoomEvent } from '../../contract/index.js';
import { type FinalOutcome, isPlayback, Outcome, type Recipient, type RetryLimits } from './delivery.js';

/** The unconfirmed events of one connection's replay. */
interface Replay {
  pending: Map<number, ReplayedEvent>;
  /** When the latest of them was sent: Unix seconds. */
  sentAt: number;
}
interface ReplayedEvent {
  event: RoomEvent;
  attempts: number;
}

/** What `ReplayConfirmations` reports to `ConfirmationTracker`, which owns it. */
export interface ReplayObserver {
  ended(recipient: Recipient, event: RoomEvent, ackId: number, outcome: FinalOutcome): void;
  /** An event ends unconfirmed. @returns whether the connection is mute and so has failed */
  unconfirmed(recipient: Recipient, ackId: number, sentAt: number, now: number): boolean;
  /** The event is sent again. @param attempts this one included */
  retry(recipient: Recipient, event: RoomEvent, ackId: number, attempts: number): void;
}

/**
 * Confirmations of critical events that were replayed to connections of one room. Each connection has its
 * own attempts, because its replay was sent at its own time. Owned by `ConfirmationTracker`.
 */
export class ReplayConfirmations {
  readonly #replays = new Map<Recipient, Replay>();

  constructor(
    private readonly limits: RetryLimits,
    private readonly observer: ReplayObserver,
  ) {}

  /** How many confirmations are pending, of those that `counts` selects. */
  count(counts: (recipient: Recipient, ackId: number) => boolean): number {
    let sum = 0;
    for (const [recipient, { pending }] of this.#replays) {
      for (const ackId of pending.keys()) if (counts(recipient, ackId)) sum += 1;
    }
    return sum;
  }

  hasPending(recipient: Recipient): boolean {
    return this.#replays.has(recipient);
  }

  sent(recipient: Recipient, event: RoomEvent, ackId: number, now: number): void {
    let replay = this.#replays.get(recipient);
    if (!replay) this.#replays.set(recipient, (replay = { pending: new Map(), sentAt: now }));
    replay.pending.set(ackId, { event, attempts: 1 });
    replay.sentAt = now;
  }

  /** @returns the confirmed event; undefined if none with this id is pending */
  confirm(recipient: Recipient, ackId: number): RoomEvent | undefined {
    const replay = this.#replays.get(recipient);
    const replayed = replay?.pending.get(ackId);
    if (!replay || !replayed) return undefined;
    replay.pending.delete(ackId);
    if (replay.pending.size === 0) this.#replays.delete(recipient);
    return replayed.event;
  }

  remove(recipient: Recipient): void {
    const replay = this.#replays.get(recipient);
    if (!replay) return;
    this.#replays.delete(recipient);
    for (const [ackId, { event }] of replay.pending) {
      this.observer.ended(recipient, event, ackId, Outcome.Expired);
    }
  }

  /** @param newestPlayback ackId of the newest playback event that was sent to any connection of the room */
  sweep(now: number, newestPlayback: number): void {
    for (const [recipient, replay] of [...this.#replays]) {
      if (now - replay.sentAt >= this.limits.timeoutSeconds) {
        this.#sweepReplay(recipient, replay, now, newestPlayback);
      }
    }
  }

  #sweepReplay(recipient: Recipient, replay: Replay, now: number, newestPlayback: number): void {
    const failed: RoomEvent[] = [];
    for (const [ackId, { event, attempts }] of [...replay.pending]) {
      if (isPlayback(event) && ackId < newestPlayback) {
        replay.pending.delete(ackId);
        if (this.observer.unconfirmed(recipient, ackId, replay.sentAt, now)) failed.push(event);
        this.observer.ended(recipient, event, ackId, Outcome.Superseded);
      } else if (attempts >= this.limits.attempts) {
        replay.pending.delete(ackId);
        this.observer.unconfirmed(recipient, ackId, replay.sentAt, now);
        this.observer.ended(recipient, event, ackId, Outcome.DeadLetter);
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
