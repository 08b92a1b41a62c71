import type { RoomEvent } from '../contract/index.js';
import { maxBacklog } from './backpressure.js';

/**
 * The events that a connection is sent before it is live: missed events, then events that arrived while it joined, in
 * the room's order. Owned by the connection.
 */
export class Backlog {
  #events: RoomEvent[] = [];
  #next = 0;
  #missed = 0;
  #snapshotSequence = 0;
  /** Events after which the connection is closed. */
  readonly #lastEvents = new Set<RoomEvent>();

  /** The sequence of the snapshot that the connection was sent: only later events are sent as live. */
  get snapshotSequence(): number {
    return this.#snapshotSequence;
  }

  get isEmpty(): boolean {
    return this.hasEnded || this.#next === this.#events.length;
  }

  /** Whether the connection's last event was taken: nothing is sent after it. */
  get hasEnded(): boolean {
    const taken = this.#events[this.#next - 1];
    return taken !== undefined && this.#lastEvents.has(taken);
  }

  /** Appends a live event. @returns false if the backlog is full */
  add(event: RoomEvent): boolean {
    if (!isAfter(event, this.#snapshotSequence)) return true;
    if (this.#events.length >= this.#missed + maxBacklog) return false;
    this.#events.push(event);
    return true;
  }

  /** Puts the missed events first, and removes live events that the snapshot contains already. */
  start(missed: readonly RoomEvent[], snapshotSequence: number): void {
    this.#events = [...missed, ...this.#events.filter((event) => isAfter(event, snapshotSequence))];
    this.#missed = missed.length;
    this.#snapshotSequence = snapshotSequence;
  }

  /** Makes an added event the connection's last, unless the snapshot turns out to be later than it. */
  endWith(event: RoomEvent): void {
    this.#lastEvents.add(event);
  }

  /** Removes the next event. */
  take(): { event: RoomEvent; isMissed: boolean } | undefined {
    if (this.isEmpty) return undefined;
    const event = this.#events[this.#next]!;
    this.#next += 1;
    return { event, isMissed: this.#next <= this.#missed };
  }
}

/** Whether a snapshot as of `sequence` lacks the event; unlogged events are in no snapshot. */
export const isAfter = ({ metadata }: RoomEvent, sequence: number): boolean =>
  metadata.sequence === undefined || metadata.sequence > sequence;
