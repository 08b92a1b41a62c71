import type { PinoLogger } from 'nestjs-pino';
import type { Clock } from '../config/clock.js';
import type { RoomEvent } from '../contract/index.js';
import type { Problem } from '../errors/problem.js';
import { seal } from '../events/envelope.js';
import type { EventLog, LogHead } from '../events/event-log.js';
import type { Statistics } from '../metrics/statistics.js';
import type { ConfirmationTracker } from './confirmations/confirmation-tracker.js';
import type { Connection } from './connection.js';
import { OutgoingEvent } from './event-socket.js';
import { SharedReplays } from './shared-replays.js';

const logPageSize = 500;

/**
 * One room's events on this node and the connections that receive them; with `roomId` null, the lobby. Made and owned
 * by `RoomStreams`. Invariant: each logged event is emitted once and in sequence, however often and in whatever order
 * it arrives; what is missing is read from the log before anything later is emitted. The lobby has no log.
 */
export class RoomStream {
  readonly connections = new Set<Connection>();
  readonly namespace: string;
  /** Resolves once the log's newest sequence was read: every later event is emitted. Rejects if it cannot be read. */
  readonly opened: Promise<void>;
  /** The last sequence emitted, and its epoch; undefined until opened. */
  #emitted: number | undefined;
  #epoch: string | undefined;
  /** Logged events that arrived before an earlier one, by sequence. */
  readonly #early = new Map<number, RoomEvent>();
  #isReadingLog = false;
  /** Numbers the confirmations of events that have no sequence. */
  readonly #ackIds = new WeakMap<RoomEvent, number>();
  #lastAckId = 0;
  readonly sharedReplays = new SharedReplays();

  constructor(
    readonly roomId: string | null,
    readonly confirmations: ConfirmationTracker,
    readonly statistics: Statistics,
    private readonly eventLog: Pick<EventLog, 'head' | 'read'>,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly log: PinoLogger,
    /** Resolves once the room's events arrive from other nodes: later ones are not missed. */
    subscribed: Promise<void>,
  ) {
    this.namespace = roomId === null ? '/' : `/rooms/${roomId}`;
    this.opened = roomId === null ? subscribed : subscribed.then(() => this.#open(roomId));
    // Connections that join await `opened` and handle the failure; without one it is ignored.
    this.opened.catch(() => undefined);
  }

  get emitted(): number {
    return this.#emitted ?? 0;
  }

  /** How many events wait for an earlier one. */
  get waiting(): number {
    return this.#early.size;
  }

  /**
   * How long a last event may take to be confirmed with all its attempts; one second more, so that the attempts end
   * first.
   */
  get lastEventTimeoutSeconds(): number {
    const { timeoutSeconds, attempts } = this.confirmations.limits;
    return timeoutSeconds * attempts + 1;
  }

  /** Unix seconds. */
  now(): number {
    return this.clock.now();
  }

  add(connection: Connection): void {
    this.connections.add(connection);
    this.confirmations.add(connection);
  }

  /** @returns whether the connection was in the stream */
  remove(connection: Connection): boolean {
    this.confirmations.remove(connection);
    connection.removed();
    return this.connections.delete(connection);
  }

  /** Takes an event of this room, from this node or the bus, in any order, and emits what is next. */
  accept(event: RoomEvent): void {
    const { sequence } = event.metadata;
    if (sequence === undefined) {
      this.#emit(event);
      return;
    }
    if ((this.#emitted !== undefined && sequence <= this.#emitted) || this.#early.has(sequence)) {
      this.statistics.countNode('duplicates');
      return;
    }
    if (this.#emitted === undefined || sequence > this.#emitted + 1) this.#early.set(sequence, event);
    else {
      this.#emitted = sequence;
      this.#emit(event);
    }
    if (this.#early.size === 0 || this.#emitted === undefined) return;
    this.#emitNext();
    if (this.#early.size > 0) void this.#readMissing();
  }

  /**
   * Emits the events up to `head` that did not arrive, from the log, even if no later event shows the gap. If the log
   * is in another epoch, it does not continue what was emitted: every connection is closed, and the clients reconnect
   * and start from the room's state.
   */
  async catchUpTo({ sequence, epoch }: LogHead): Promise<void> {
    if (this.#emitted === undefined) return;
    if (epoch !== this.#epoch) this.#restartAt({ sequence, epoch });
    else if (sequence > this.#emitted) await this.#readMissing();
  }

  /** For a deleted room whose `room_deleted` did not arrive: it cannot be read from the log either. */
  closeWith(problem: Problem): void {
    for (const connection of this.connections) connection.closeWith(problem);
  }

  /** A copy of the event as it is sent now; it asks for a confirmation if the event requires one. */
  outgoing(event: RoomEvent, retryCount = 0): OutgoingEvent {
    const ackId = event.metadata.requires_confirmation ? this.#ackIdOf(event) : undefined;
    return new OutgoingEvent(this.namespace, seal(event, this.clock.now(), retryCount), ackId);
  }

  /** The same for a replay, shared with other connections that reconnect at the same time. */
  replayed(event: RoomEvent): OutgoingEvent {
    return this.sharedReplays.get(event, this.clock.now(), () => this.outgoing(event));
  }

  closedAsTooSlow({ id, user }: Connection): void {
    this.statistics.countNode('slow_connections_closed');
    this.log.warn(
      { room_id: this.roomId, user_id: user.id, connection_id: id },
      'a connection was closed because its client does not read fast enough',
    );
  }

  /** Sends the event to every connection. */
  #emit(event: RoomEvent): void {
    const { statistics, connections } = this;
    statistics.count('events', event.type, this.roomId);
    if (connections.size === 0) return;
    const outgoing = this.outgoing(event);
    const delivery =
      outgoing.ackId === undefined
        ? undefined
        : this.confirmations.start(event, outgoing.ackId, this.clock.now());
    let sent = 0;
    for (const connection of connections) if (connection.offer(event, outgoing, delivery)) sent += 1;
    if (delivery) this.confirmations.started(delivery);
    if (sent > 0) {
      statistics.count('deliveries', event.type, this.roomId, sent);
      statistics.written(Math.max(0, this.clock.now() - event.metadata.created_at));
    }
    this.#closeAfter(event);
  }

  /** Closes the connections for which this event is the last one. */
  #closeAfter(event: RoomEvent): void {
    if (this.roomId === null) return;
    if (event.type === 'room_deleted') {
      for (const connection of this.connections) connection.closeAfter(event);
    } else if (event.type === 'user_left') {
      const { user } = (event as RoomEvent<'user_left'>).data;
      for (const connection of this.connections) {
        if (connection.user.id === user.id) connection.closeAfter(event);
      }
    }
  }

  #ackIdOf(event: RoomEvent): number {
    if (event.metadata.sequence !== undefined) return event.metadata.sequence;
    let id = this.#ackIds.get(event);
    if (id === undefined) this.#ackIds.set(event, (id = ++this.#lastAckId));
    return id;
  }

  async #open(roomId: string): Promise<void> {
    const head = await this.eventLog.head(roomId);
    this.#emitted = head?.sequence ?? 0;
    this.#epoch = head?.epoch;
    this.#emitNext();
    if (this.#early.size > 0) await this.#readMissing();
  }

  #restartAt({ sequence, epoch }: LogHead): void {
    this.log.warn({ room_id: this.roomId, sequence }, 'the room has a new epoch; its connections are closed');
    for (const connection of this.connections) connection.close('connection');
    // Deliveries are identified by sequences, which may be used again.
    this.confirmations.clear();
    this.sharedReplays.clear();
    this.#early.clear();
    this.#emitted = sequence;
    this.#epoch = epoch;
  }

  #emitNext(): void {
    if (this.#emitted === undefined) return;
    for (const sequence of this.#early.keys()) if (sequence <= this.#emitted) this.#early.delete(sequence);
    for (;;) {
      const next = this.#early.get(this.#emitted + 1);
      if (!next) return;
      this.#early.delete(this.#emitted + 1);
      this.#emitted += 1;
      this.#emit(next);
    }
  }

  async #readMissing(): Promise<void> {
    if (this.#isReadingLog || this.roomId === null) return;
    this.#isReadingLog = true;
    let isFull: boolean;
    try {
      do {
        // Events that arrived before the read were committed before it, and so were all events that precede them.
        const known = Math.max(0, ...this.#early.keys());
        const page = await this.eventLog.read(this.roomId, this.emitted, logPageSize);
        for (const event of page) {
          const sequence = event.metadata.sequence!;
          if (sequence <= this.emitted || this.#early.has(sequence)) continue;
          this.#early.set(sequence, event);
          this.statistics.countNode('gaps_repaired');
        }
        this.#emitNext();
        isFull = page.length === logPageSize;
        const read = page.at(-1)?.metadata.sequence ?? 0;
        this.#skipPruned(isFull ? read : Math.max(known, read));
      } while (isFull || this.#early.size > 0);
    } catch (err) {
      this.log.error({ err, room_id: this.roomId }, 'the event log could not be read; trying again');
    } finally {
      this.#isReadingLog = false;
    }
  }

  /**
   * The log no longer holds the events before the earliest waiting one (pruned, or the room was deleted): skips the
   * gap. Connections that would miss these events reconnect and receive a snapshot instead.
   * @param upTo the highest sequence that the last read covers; events beyond it arrived during the read
   */
  #skipPruned(upTo: number): void {
    const next = Math.min(...this.#early.keys());
    if (next > upTo) return;
    const isDeleted = [...this.#early.values()].some(({ type }) => type === 'room_deleted');
    if (!isDeleted) for (const connection of this.connections) connection.close('connection');
    this.#emitted = next - 1;
    this.#emitNext();
  }
}
