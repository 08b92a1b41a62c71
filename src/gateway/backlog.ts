import type { RoomEvent } from '../contract/index.js';
import { longestQueue } from './backpressure.js';

/** What a connection is to be sent before it is live: what it missed, then what came meanwhile, in the room's order. */
export class Backlog {
  #events: RoomEvent[] = [];
  #next = 0;
  #missed = 0;
  #after = 0;
  #ended = false;

  /** The newest sequence that the state given to the connection has: nothing up to it is sent as live. */
  get after(): number {
    return this.#after;
  }

  get empty(): boolean {
    return this.#next === this.#events.length;
  }

  /** Whether the connection's last event is in it, so that nothing is live after it. */
  get ended(): boolean {
    return this.#ended;
  }

  /** A live event. @returns whether there was room for it */
  add(event: RoomEvent): boolean {
    if (this.#ended || !isLater(event, this.#after)) return true;
    if (this.#events.length >= this.#missed + longestQueue) return false;
    this.#events.push(event);
    return true;
  }

  /** The state is known, as of `sequence`: what was missed goes first, and nothing that came meanwhile goes twice. */
  begin(missed: readonly RoomEvent[], sequence: number): void {
    this.#events = [...missed, ...this.#events.filter((event) => isLater(event, sequence))];
    this.#missed = missed.length;
    this.#after = sequence;
  }

  /** What was added last is the connection's last event. */
  end(): void {
    this.#ended = true;
  }

  /** The next to be sent, and whether it is one of the missed. */
  take(): { event: RoomEvent; missed: boolean } | undefined {
    const event = this.#events[this.#next];
    if (!event) return undefined;
    this.#next += 1;
    return { event, missed: this.#next <= this.#missed };
  }
}

/** Whether an event is not in a state as of `sequence` yet; one that is not logged never is. */
export const isLater = ({ metadata }: RoomEvent, sequence: number): boolean =>
  metadata.sequence === undefined || metadata.sequence > sequence;
