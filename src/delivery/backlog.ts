import type { RoomEvent } from '../contract/index.js';
import { longestQueue } from './backpressure.js';

/** What a connection is to be sent before it is live: what it missed, then what came meanwhile, in the room's order. */
export class Backlog {
  #events: RoomEvent[] = [];
  #next = 0;
  #missed = 0;
  #after = 0;
  /** Events that end the connection, of those that came while it was not live yet. */
  readonly #endings = new Set<RoomEvent>();

  /** The newest sequence that the state given to the connection has: nothing up to it is sent as live. */
  get after(): number {
    return this.#after;
  }

  get empty(): boolean {
    return this.ended || this.#next === this.#events.length;
  }

  /** Whether the connection's last event was taken: nothing is sent after it. */
  get ended(): boolean {
    const taken = this.#events[this.#next - 1];
    return taken !== undefined && this.#endings.has(taken);
  }

  /** A live event. @returns whether there was room for it */
  add(event: RoomEvent): boolean {
    if (!isLater(event, this.#after)) return true;
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

  /** An event that was added is the connection's last; unless the state turns out to be later than it. */
  endWith(event: RoomEvent): void {
    this.#endings.add(event);
  }

  /** The next to be sent, and whether it is one of the missed. */
  take(): { event: RoomEvent; missed: boolean } | undefined {
    if (this.empty) return undefined;
    const event = this.#events[this.#next]!;
    this.#next += 1;
    return { event, missed: this.#next <= this.#missed };
  }
}

/** Whether an event is not in a state as of `sequence` yet; one that is not logged never is. */
export const isLater = ({ metadata }: RoomEvent, sequence: number): boolean =>
  metadata.sequence === undefined || metadata.sequence > sequence;
