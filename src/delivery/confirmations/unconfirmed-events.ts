/** How many events that ended unconfirmed are remembered for a connection, in case it confirms them later. */
const maxRemembered = 100;

/** The events that ended without a connection's confirmation. Owned by the connection, kept by `RoomDeliveries`. */
export class UnconfirmedEvents {
  /** When the first one since the last confirmation was sent: Unix seconds. */
  #since = 0;
  #sinceLastConfirmation = 0;
  readonly #ackIds = new Set<number>();

  /** An event ended unconfirmed. @param sentAt Unix seconds */
  add(ackId: number, sentAt: number): void {
    if (this.#sinceLastConfirmation === 0) this.#since = sentAt;
    this.#sinceLastConfirmation += 1;
    this.#ackIds.add(ackId);
    if (this.#ackIds.size > maxRemembered) this.#ackIds.delete(this.#ackIds.values().next().value!);
  }

  /** Some event was confirmed: the connection is alive. */
  confirmed(): void {
    this.#sinceLastConfirmation = 0;
  }

  /** Forgets an event that is confirmed after all. @returns whether it was one of these */
  take(ackId: number): boolean {
    return this.#ackIds.delete(ackId);
  }

  /**
   * Whether the connection confirms nothing at all. Superseded events are not sent again, so that such a connection
   * would never run out of attempts while playback commands follow each other.
   * @param limits of a delivery; the timeout in seconds
   */
  isMute({ attempts, timeout }: { attempts: number; timeout: number }, now: number): boolean {
    return this.#sinceLastConfirmation >= attempts && now - this.#since >= attempts * timeout;
  }
}
