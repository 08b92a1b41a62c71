import type { RetryLimits } from './delivery.js';

/** Events that are remembered for a connection in case it confirms them late. */
const maxRemembered = 100;

/** The events whose delivery ended without a connection's confirmation. Owned by the connection. */
export class UnconfirmedEvents {
  /** When the first of them since the last confirmation was sent: Unix seconds. */
  #since = 0;
  #sinceLastConfirmation = 0;
  readonly #ackIds = new Set<number>();

  /** @param sentAt Unix seconds */
  add(ackId: number, sentAt: number): void {
    if (this.#sinceLastConfirmation === 0) this.#since = sentAt;
    this.#sinceLastConfirmation += 1;
    this.#ackIds.add(ackId);
    if (this.#ackIds.size > maxRemembered) this.#ackIds.delete(this.#ackIds.values().next().value!);
  }

  /** The connection confirmed an event. */
  resetMute(): void {
    this.#sinceLastConfirmation = 0;
  }

  /** Forgets an event that was confirmed late. @returns whether it was one of these */
  remove(ackId: number): boolean {
    return this.#ackIds.delete(ackId);
  }

  /**
   * Whether the connection is mute: at least `attempts` events in a row ended without its confirmation, over at least
   * `attempts` × `timeoutSeconds`. Needed because superseded events are not retried: such a connection would never run
   * out of attempts while playback commands follow each other.
   * @param now Unix seconds
   */
  isMute({ attempts, timeoutSeconds }: RetryLimits, now: number): boolean {
    return this.#sinceLastConfirmation >= attempts && now - this.#since >= attempts * timeoutSeconds;
  }
}
