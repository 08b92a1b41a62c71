import type { RoomEvent } from '../contract/index.js';
import type { Connection } from './connection.js';
import type { Problem } from '../errors/problem.js';
import { FanOut } from '../gateway/fan-out.js';
import type { FeedContext } from '../gateway/feed-context.js';

const repairPage = 500;

/**
 * One room's stream on this node: passes each logged event on once, in order, whatever way and however often it
 * arrives; what is missing is read from the log before anything later goes out.
 */
export class RoomFeed {
  readonly fanOut: FanOut;
  /** Resolves once the feed knows where the room is: events from then on are not missed. */
  readonly opened: Promise<void>;
  /** The last sequence passed on; undefined until opened. */
  #passed: number | undefined;
  /** Events that are ahead of what was passed on. */
  readonly #ahead = new Map<number, RoomEvent>();
  #repairing = false;

  constructor(
    readonly roomId: string,
    private readonly context: FeedContext,
  ) {
    this.fanOut = new FanOut(`/rooms/${roomId}`, roomId, context);
    this.opened = this.#open();
    // Whoever attaches waits for it and hears of the failure; nobody else has to.
    this.opened.catch(() => undefined);
  }

  get connections(): Set<Connection> {
    return this.fanOut.connections;
  }

  get passed(): number {
    return this.#passed ?? 0;
  }

  /** How many events are ahead of what was passed on. */
  get waiting(): number {
    return this.#ahead.size;
  }

  /** An event of this room, from either path, in any order. */
  accept(event: RoomEvent): void {
    const { sequence } = event.metadata;
    if (sequence === undefined) {
      this.#emit(event);
      return;
    }
    if ((this.#passed !== undefined && sequence <= this.#passed) || this.#ahead.has(sequence)) {
      this.context.statistics.countNode('duplicates');
      return;
    }
    this.#ahead.set(sequence, event);
    this.#passOn();
    if (this.#ahead.size > 0 && this.#passed !== undefined) void this.#repair();
  }

  /** Looks whether the log has more than was passed on: a lost last message is found here. */
  async catchUpTo(head: number): Promise<void> {
    if (this.#passed !== undefined && head > this.#passed) await this.#repair();
  }

  /** The room is no longer there, and the event that said so was lost with its log. */
  close(problem: Problem): void {
    for (const connection of this.connections) connection.turnAway(problem);
  }

  async #open(): Promise<void> {
    const head = await this.context.eventLog.head(this.roomId);
    this.#passed = head ?? 0;
    this.#passOn();
    if (this.#ahead.size > 0) await this.#repair();
  }

  #passOn(): void {
    if (this.#passed === undefined) return;
    for (const sequence of this.#ahead.keys()) if (sequence <= this.#passed) this.#ahead.delete(sequence);
    for (;;) {
      const next = this.#ahead.get(this.#passed + 1);
      if (!next) return;
      this.#ahead.delete(this.#passed + 1);
      this.#passed += 1;
      this.#emit(next);
    }
  }

  async #repair(): Promise<void> {
    if (this.#repairing) return;
    this.#repairing = true;
    let full: boolean;
    try {
      do {
        // Whatever is known before the log is asked was committed before, and so was all that precedes it.
        const known = Math.max(0, ...this.#ahead.keys());
        const page = await this.context.eventLog.read(this.roomId, this.passed, repairPage);
        for (const event of page) {
          const sequence = event.metadata.sequence!;
          if (sequence <= this.passed || this.#ahead.has(sequence)) continue;
          this.#ahead.set(sequence, event);
          this.context.statistics.countNode('gaps_repaired');
        }
        this.#passOn();
        full = page.length === repairPage;
        const read = page.at(-1)?.metadata.sequence ?? 0;
        this.#skipWhatIsGone(full ? read : Math.max(known, read));
      } while (full || this.#ahead.size > 0);
    } catch (error) {
      this.context.log.error({ err: error, room_id: this.roomId }, 'the log could not be read; trying again');
    } finally {
      this.#repairing = false;
    }
  }

  /**
   * What is missing before an event that the log was asked for in vain is in it no longer (or the room is gone):
   * there is nothing to wait for.
   * @param upTo what the answer of the log covers; events beyond it came while it was asked
   */
  #skipWhatIsGone(upTo: number): void {
    const next = Math.min(...this.#ahead.keys());
    if (next > upTo) return;
    const isLast = [...this.#ahead.values()].some(({ type }) => type === 'room_deleted');
    // Connections would have a gap: they come back and are given the state instead.
    if (!isLast) for (const connection of this.connections) connection.close('reconnect');
    this.#passed = next - 1;
    this.#passOn();
  }

  #emit(event: RoomEvent): void {
    this.fanOut.emit(event);
    if (event.type === 'room_deleted') {
      for (const connection of this.connections) connection.closeAfter(event);
    } else if (event.type === 'user_left') {
      const { user } = (event as RoomEvent<'user_left'>).data;
      for (const connection of this.connections) {
        if (connection.user.id === user.id) connection.closeAfter(event);
      }
    }
  }
}
