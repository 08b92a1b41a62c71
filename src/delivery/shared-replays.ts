import type { RoomEvent } from '../contract/index.js';
import type { OutgoingEvent } from './event-socket.js';

const maxEvents = 200;
/** A copy says when it was sent, so it is shared only by connections that are sent it at the same time. */
const maxAgeSeconds = 0.05;

/**
 * Copies of replayed events by sequence: connections that reconnect together are replayed the same events, which are
 * then encoded once. Owned by a `RoomStream`.
 */
export class SharedReplays {
  readonly #copies = new Map<number, OutgoingEvent>();
  #since = 0;

  /** @param now Unix seconds @param make makes a copy if there is none to share */
  get(event: RoomEvent, now: number, make: () => OutgoingEvent): OutgoingEvent {
    const { sequence } = event.metadata;
    if (sequence === undefined) return make();
    if (this.#isOld(now)) {
      this.#copies.clear();
      this.#since = now;
    }
    let copy = this.#copies.get(sequence);
    if (!copy) {
      copy = make();
      if (this.#copies.size < maxEvents) this.#copies.set(sequence, copy);
    }
    return copy;
  }

  clear(): void {
    this.#copies.clear();
  }

  /** Frees copies that are too old to be shared. Called by `DeliverySweeper`. */
  release(now: number): void {
    if (this.#isOld(now)) this.#copies.clear();
  }

  #isOld(now: number): boolean {
    return now - this.#since > maxAgeSeconds || now < this.#since;
  }
}
