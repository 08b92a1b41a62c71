import type { Caller } from '../auth/caller.js';
import type { RoomEvent, User } from '../contract/index.js';
import type { Problem } from '../errors/problem.js';
import { makeEvent } from '../events/envelope.js';
import type { Delivery, Recipient } from './confirmations/delivery.js';
import type { RoomDeliveries } from './confirmations/confirmation-tracker.js';
import type { Statistics } from '../metrics/statistics.js';
import { Backlog, isLater } from './backlog.js';
import { isBehind, isOverBudget, stallSeconds, underPressure } from './backpressure.js';
import type { Frame } from '../gateway/transport/fast/frame.js';
import type { Wire } from './event-socket.js';

/**
 * Where a connection stands. Joining: live events wait until it has the state. Catching up: what it missed, and
 * what has come since, goes out as fast as it is taken. Live: events go out as they come. Closing: it has had
 * its last event. Gone: it is in its namespace no more.
 */
type State =
  | { kind: 'joining'; backlog: Backlog }
  | { kind: 'catching up'; backlog: Backlog }
  | { kind: 'live'; after: number }
  | { kind: 'closing'; closesAt: number }
  | { kind: 'gone' };

/** How long a socket that was told to close may take, in seconds, before it is cut. */
const closingSeconds = 2;

/** What a connection shares with the others of its namespace. */
export interface Channel {
  deliveries: RoomDeliveries;
  statistics: Statistics;
  roomId: string | null;
  now(): number;
  /** An event as it goes out now, asking for a confirmation where it needs one. */
  encode(event: RoomEvent, retryCount?: number): Frame;
  ackIdOf(event: RoomEvent): number;
  /** How long a last event may take to be confirmed, with all its attempts, in seconds. */
  readonly lastWordSeconds: number;
  onSlow(connection: Connection): void;
}

/** One socket in one namespace, and what it is to be sent. */
export class Connection implements Recipient {
  slot = -1;
  #state: State;
  /** Newest of each `normal` type that gave way, oldest first. */
  #coalesced: Map<string, RoomEvent> | undefined;
  #channel: Channel | undefined;
  #stall: { progress: unknown; since: number } | undefined;

  constructor(
    readonly wire: Wire,
    readonly caller: Caller,
    options: { joining: boolean },
  ) {
    this.#state = options.joining ? { kind: 'joining', backlog: new Backlog() } : { kind: 'live', after: 0 };
  }

  get id(): string {
    return this.wire.id;
  }

  get user(): User {
    return this.caller.user;
  }

  /** Given when it is put into its namespace. */
  join(channel: Channel): void {
    this.#channel = channel;
  }

  /**
   * A live event, in the order of the room. `frame` encodes it once for everyone; `delivery` is told where a
   * confirmation is to be expected.
   * @returns whether it was written now
   */
  offer(event: RoomEvent, frame: () => Frame, delivery: Delivery | undefined): boolean {
    const state = this.#state;
    switch (state.kind) {
      case 'live':
        if (!isLater(event, state.after)) return false;
        // An older one that gave way must not follow.
        if (this.#coalesced?.delete(event.type)) this.#count('coalesced', event);
        // An idle wire is the rule: what follows is only for those that do not keep up.
        if (!this.wire.idle && this.#givesWay(event)) return false;
        delivery?.expect(this.slot);
        this.wire.write(frame());
        return true;
      case 'joining':
      case 'catching up':
        if (!state.backlog.add(event)) this.closeAsSlow();
        return false;
      case 'closing':
      case 'gone':
        return false;
    }
  }

  /**
   * The state, what was missed, and what came meanwhile, in this order and without a gap; live from there on.
   * @param sequence of the newest event in the state
   */
  establish(established: RoomEvent<'connection_established'>, missed: RoomEvent[], sequence: number): void {
    if (this.#state.kind !== 'joining') return;
    const { backlog } = this.#state;
    backlog.begin(missed, sequence);
    this.#state = { kind: 'catching up', backlog };
    this.wire.together(() => {
      this.sendAlone(established);
      this.#pump();
    });
  }

  /** An event for this connection alone. */
  sendAlone(event: RoomEvent): void {
    this.wire.write(this.#open.encode(event));
  }

  resend(event: RoomEvent, retryCount: number): void {
    this.wire.write(this.#open.encode(event, retryCount));
  }

  /** A confirmation came. @returns whether it was expected */
  confirmed(ackId: number): boolean {
    const channel = this.#open;
    const expected = channel.deliveries.confirm(this, ackId, channel.now());
    if (this.#state.kind === 'closing' && !channel.deliveries.owes(this)) this.wire.end('leave');
    return expected;
  }

  fail(event: RoomEvent): void {
    // Whoever was having their last word has nothing to come back to.
    const how = this.#state.kind === 'closing' ? 'leave' : 'reconnect';
    this.#open.deliveries.leave(this);
    const { event_id, type, metadata } = event;
    const details = { event_id, type, sequence: metadata.sequence };
    const next = this.#open.roomId === null ? 'list the rooms again' : 'reconnect with after_sequence';
    const message = `A critical event was not confirmed in time: ${next}.`;
    this.sendAlone(
      makeEvent('error', this.#open.roomId, this.#open.now(), { code: 'delivery_failed', message, details }),
    );
    this.#state = { kind: 'closing', closesAt: this.#open.now() + closingSeconds };
    this.wire.end(how);
  }

  /** Taken out of its namespace. What was being got ready for it goes nowhere, and nobody waits to have it confirmed. */
  leave(): void {
    this.#state = { kind: 'gone' };
  }

  /**
   * `event`, which was offered, is its last one: the socket closes once that is confirmed, or has had its time.
   * Whoever was given a state that is later than the event has come back since, and stays.
   */
  closeAfter(event: RoomEvent): void {
    const state = this.#state;
    switch (state.kind) {
      case 'live':
        if (isLater(event, state.after)) this.#haveLastWord();
        return;
      case 'joining':
      case 'catching up':
        // It waits with the others.
        state.backlog.endWith(event);
        return;
      case 'closing':
      case 'gone':
        return;
    }
  }

  /** Tells why, and ends it; unless it is ending already. */
  turnAway({ body }: Problem): void {
    if (this.#state.kind === 'closing') return;
    this.sendAlone(makeEvent('error', this.#open.roomId, this.#open.now(), body));
    this.close();
  }

  /** Ends it, after what was written. */
  close(how: 'leave' | 'reconnect' = 'leave'): void {
    this.#state = { kind: 'closing', closesAt: this.#open.now() + closingSeconds };
    this.wire.end(how);
  }

  /** Closes the connection where more is unread than it may leave. @returns whether it was closed */
  closeIfOverBudget(): boolean {
    if (this.wire.idle || !isOverBudget(this.wire)) return false;
    this.closeAsSlow();
    return true;
  }

  /** Whether it is to read something before it is sent more that it asked for. */
  get isBehind(): boolean {
    return !this.wire.idle && isBehind(this.wire);
  }

  /** Closes where the time has come, and sends what had given way where there is room again. */
  sweep(now: number): void {
    const state = this.#state;
    if (state.kind !== 'closing' && this.#hasStalled(now)) {
      this.closeAsSlow();
      return;
    }
    if (state.kind === 'live') {
      if (this.#coalesced && !isBehind(this.wire)) this.#flushCoalesced(this.#coalesced);
    } else if (state.kind === 'closing' && now >= state.closesAt) {
      this.wire.end('leave');
      // Whoever does not read does not take part in a closing handshake either.
      if (!this.wire.idle) this.wire.cut();
    }
  }

  /** Whether something waits and nothing of it has left for `stallSeconds`. */
  #hasStalled(now: number): boolean {
    if (this.wire.idle) {
      this.#stall = undefined;
      return false;
    }
    const { progress } = this.wire;
    if (!this.#stall || this.#stall.progress !== progress) this.#stall = { progress, since: now };
    return now - this.#stall.since >= stallSeconds;
  }

  #haveLastWord(): void {
    this.#state = { kind: 'closing', closesAt: this.#open.now() + this.#open.lastWordSeconds };
  }

  get #open(): Channel {
    if (!this.#channel) throw new Error('the connection is in no namespace');
    return this.#channel;
  }

  /** Whether an event is not written because too much waits already. */
  #givesWay(event: RoomEvent): boolean {
    switch (underPressure(event, this.wire)) {
      case 'write':
        return false;
      case 'close':
        this.closeAsSlow();
        return true;
      case 'drop':
        this.#count('dropped', event);
        return true;
      case 'coalesce':
        this.#coalesced ??= new Map();
        this.#coalesced.set(event.type, event);
        return true;
    }
  }

  /** Cuts it without a closing handshake, which it would not read either; it resumes from the log on its return. */
  closeAsSlow(): void {
    if (this.#state.kind === 'gone') return;
    const channel = this.#open;
    channel.statistics.countNode('slow_connections_closed');
    this.#state = { kind: 'closing', closesAt: channel.now() };
    channel.onSlow(this);
    this.wire.cut();
  }

  #flushCoalesced(coalesced: Map<string, RoomEvent>): void {
    this.#coalesced = undefined;
    for (const event of coalesced.values()) this.sendAlone(event);
  }

  #count(what: 'coalesced' | 'dropped' | 'replayed' | 'deliveries', { type }: RoomEvent): void {
    const { statistics, roomId } = this.#open;
    statistics.count(what, type, roomId);
  }

  /** Writes what is queued, as much as may wait at once; goes on when that has left. */
  #pump(): void {
    const state = this.#state;
    if (state.kind === 'catching up') this.wire.together(() => this.#catchUp(state.backlog));
  }

  #catchUp(backlog: Backlog): void {
    const channel = this.#open;
    for (let next = backlog.take(); next; next = backlog.take()) {
      const { event, missed } = next;
      this.#count(missed ? 'replayed' : 'deliveries', event);
      if (event.metadata.requires_confirmation) {
        channel.deliveries.replayed(this, event, channel.ackIdOf(event), channel.now());
      }
      const pause = !backlog.empty && isBehind(this.wire);
      this.wire.write(channel.encode(event), pause ? () => this.#pump() : undefined);
      if (pause) return;
    }
    if (backlog.ended) this.#haveLastWord();
    else this.#state = { kind: 'live', after: backlog.after };
  }
}
