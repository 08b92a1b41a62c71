import type { RoomEvent } from '../contract/index.js';
import type { EventLog } from '../events/event-log.js';
import type { Database } from '../database/database.js';
import { type Connection, encodeEvent } from './connection.js';
import type { Frame } from './frame.js';

const repairPage = 500;

/** What a feed needs of its surroundings. */
export interface FeedContext {
  database: Database;
  eventLog: EventLog;
  now: () => number;
  onError: (error: unknown, roomId: string) => void;
}

/**
 * One room's stream on this node: passes each logged event on once, in order, whatever way and however often it
 * arrives; what is missing is read from the log before anything later goes out.
 */
export class RoomFeed {
  readonly connections = new Set<Connection>();
  readonly namespace: string;
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
    this.namespace = `/rooms/${roomId}`;
    this.opened = this.#open();
    // Whoever attaches waits for it and hears of the failure; nobody else has to.
    this.opened.catch(() => undefined);
  }

  get passed(): number {
    return this.#passed ?? 0;
  }

  /** An event of this room, from either path, in any order. */
  accept(event: RoomEvent): void {
    const { sequence } = event.metadata;
    if (sequence === undefined) {
      this.#emit(event);
      return;
    }
    if (this.#passed !== undefined && sequence <= this.#passed) return;
    this.#ahead.set(sequence, event);
    this.#passOn();
    if (this.#ahead.size > 0 && this.#passed !== undefined) void this.#repair();
  }

  /** Looks whether the log has more than was passed on: a lost last message is found here. */
  async catchUpTo(head: number): Promise<void> {
    if (this.#passed !== undefined && head > this.#passed) await this.#repair();
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
    try {
      for (;;) {
        const page = await this.context.eventLog.read(
          this.context.database.db,
          this.roomId,
          this.passed,
          repairPage,
        );
        for (const event of page) this.#ahead.set(event.metadata.sequence!, event);
        const before = this.passed;
        this.#passOn();
        if (page.length < repairPage || this.passed === before) break;
      }
      this.#skipWhatIsGone();
    } catch (error) {
      this.context.onError(error, this.roomId);
    } finally {
      this.#repairing = false;
    }
  }

  /** The log no longer holds what is missing (or the room is gone): there is nothing to wait for. */
  #skipWhatIsGone(): void {
    if (this.#ahead.size === 0) return;
    const next = Math.min(...this.#ahead.keys());
    const isLast = [...this.#ahead.values()].some(({ type }) => type === 'room_deleted');
    // Connections would have a gap: they come back and are given the state instead.
    if (!isLast) for (const connection of this.connections) connection.socket.conn.close();
    this.#passed = next - 1;
    this.#passOn();
  }

  #emit(event: RoomEvent): void {
    let frame: Frame | undefined;
    const encode = () => (frame ??= encodeEvent(this.namespace, event, this.context.now()));
    for (const connection of this.connections) connection.offer(event, encode);
    if (event.type === 'room_deleted') {
      for (const connection of this.connections) connection.closeAfterLastWord();
    } else if (event.type === 'user_left') {
      const { user } = (event as RoomEvent<'user_left'>).data;
      for (const connection of this.connections) {
        if (connection.caller.user.id === user.id) connection.closeAfterLastWord();
      }
    }
  }
}
