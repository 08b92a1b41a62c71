import type { Caller } from '../auth/caller.js';
import type { RoomEvent, User } from '../contract/index.js';
import type { Problem } from '../errors/problem.js';
import { makeEvent } from '../events/envelope.js';
import { Backlog, isAfter } from './backlog.js';
import { decide, isBehind, isOverCloseLimit, StallDetector } from './backpressure.js';
import type { Delivery, Recipient } from './confirmations/delivery.js';
import type { UnconfirmedEvents } from './confirmations/unconfirmed-events.js';
import type { EventSocket, OutgoingEvent } from './event-socket.js';
import type { RoomStream } from './room-stream.js';

/**
 * joining: live events wait until the connection has the room's snapshot. catching_up: missed events and those that
 * arrived since are sent as fast as the client reads. live: events are sent as they arrive. closing: the last event
 * was sent. gone: removed from the stream.
 */
type State =
  | { kind: 'joining'; backlog: Backlog }
  | { kind: 'catching_up'; backlog: Backlog }
  | { kind: 'live'; snapshotSequence: number }
  | { kind: 'closing'; closesAt: number }
  | { kind: 'gone' };

/** A socket that has not closed this long after `disconnect` is terminated. */
const closeTimeoutSeconds = 2;

/**
 * One socket in one namespace. Made by `RoomStreams`, owned by its `RoomStream`. Invariant: logged events are sent in
 * the order of their sequence and without a gap, retries aside.
 */
export class Connection implements Recipient {
  slot = -1;
  unconfirmed: UnconfirmedEvents | undefined;
  /** The sequence of the event that was confirmed last, and when: Unix seconds. Undefined before the first. */
  confirmedSequence: number | undefined;
  confirmedAt: number | undefined;
  /** How many copies were sent again because an event was not confirmed in time. */
  retries = 0;
  #state: State;
  /** The newest event of each `normal` type that was not sent because the client was behind, oldest first. */
  #coalesced: Map<string, RoomEvent> | undefined;
  #stall: StallDetector | undefined;

  constructor(
    readonly socket: EventSocket,
    readonly caller: Caller,
    readonly stream: RoomStream,
  ) {
    // The lobby has no snapshot and no log: its connections are live at once.
    this.#state =
      stream.roomId === null
        ? { kind: 'live', snapshotSequence: 0 }
        : { kind: 'joining', backlog: new Backlog() };
  }

  get id(): string {
    return this.socket.id;
  }

  get user(): User {
    return this.caller.user;
  }

  /**
   * Takes a live event, in the room's order, and sends it unless it has to wait or the client is too slow.
   * @param delivery expects a confirmation of this connection if the event is sent
   * @returns whether it was sent now
   */
  offer(event: RoomEvent, outgoing: OutgoingEvent, delivery: Delivery | undefined): boolean {
    const state = this.#state;
    switch (state.kind) {
      case 'live':
        if (!isAfter(event, state.snapshotSequence)) return false;
        // A coalesced older event of the type must not be sent after this one.
        if (this.#coalesced?.delete(event.type)) this.#count('coalesced', event);
        // Almost always idle: backpressure is only checked for connections that do not keep up.
        if (!this.socket.isIdle && !this.#mayQueue(event)) return false;
        delivery?.expect(this.slot);
        this.socket.send(outgoing);
        return true;
      case 'joining':
      case 'catching_up':
        if (!state.backlog.add(event)) this.closeAsTooSlow();
        return false;
      case 'closing':
      case 'gone':
        return false;
    }
  }

  /**
   * Sends the snapshot, the missed events and those that arrived since it joined, in this order and without a gap; live
   * afterwards.
   * @param snapshotSequence the newest event that the snapshot contains
   */
  establish(
    established: RoomEvent<'connection_established'>,
    missed: readonly RoomEvent[],
    snapshotSequence: number,
  ): void {
    if (this.#state.kind !== 'joining') return;
    const { backlog } = this.#state;
    backlog.start(missed, snapshotSequence);
    this.#state = { kind: 'catching_up', backlog };
    this.socket.batch(() => {
      this.sendDirect(established);
      this.#sendBacklog();
    });
  }

  /** Sends an event to this connection alone, whatever its state. */
  sendDirect(event: RoomEvent): void {
    this.socket.send(this.stream.outgoing(event));
  }

  resend(event: RoomEvent, retryCount: number): void {
    this.retries += 1;
    this.socket.send(this.stream.outgoing(event, retryCount));
  }

  /** The client confirmed an event. @returns whether the confirmation was expected */
  confirm(ackId: number): boolean {
    const { confirmations } = this.stream;
    const now = this.stream.now();
    const expected = confirmations.confirm(this, ackId, now);
    if (expected) {
      this.confirmedSequence = ackId;
      this.confirmedAt = now;
    }
    if (this.#state.kind === 'closing' && !confirmations.hasPending(this)) {
      this.socket.disconnect('namespace');
    }
    return expected;
  }

  /** The event stayed unconfirmed after its attempts: sends `delivery_failed` and closes the connection. */
  fail(event: RoomEvent): void {
    // A connection that is closing for good is not asked to reconnect.
    const scope = this.#state.kind === 'closing' ? 'namespace' : 'connection';
    this.stream.confirmations.remove(this);
    const { event_id, type, metadata } = event;
    const details = { event_id, type, sequence: metadata.sequence };
    const next = this.stream.roomId === null ? 'list the rooms again' : 'reconnect with after_sequence';
    const message = `A critical event was not confirmed in time: ${next}.`;
    this.sendDirect(this.#error({ code: 'delivery_failed', message, details }));
    this.#startClosing(closeTimeoutSeconds);
    this.socket.disconnect(scope);
  }

  /** Called when the stream has removed the connection: nothing more is sent. */
  removed(): void {
    this.#state = { kind: 'gone' };
  }

  /**
   * Makes `event`, which was offered, the last one: the socket closes once the client has confirmed it or the attempts
   * are over. Has no effect if the snapshot is later than the event, because the user has joined the room again.
   */
  closeAfter(event: RoomEvent): void {
    const state = this.#state;
    switch (state.kind) {
      case 'live':
        if (isAfter(event, state.snapshotSequence)) this.#startClosing(this.stream.lastEventTimeoutSeconds);
        return;
      case 'joining':
      case 'catching_up':
        state.backlog.endWith(event);
        return;
      case 'closing':
      case 'gone':
        return;
    }
  }

  /** Sends the problem as an `error` event and leaves the namespace; does nothing if it is closing already. */
  closeWith({ body }: Problem): void {
    if (this.#state.kind === 'closing') return;
    this.sendDirect(this.#error(body));
    this.close();
  }

  /** Closes after what was sent. */
  close(scope: 'namespace' | 'connection' = 'namespace'): void {
    this.#startClosing(closeTimeoutSeconds);
    this.socket.disconnect(scope);
  }

  /** Closes the connection if more is queued than it may leave unread. @returns whether it was closed */
  closeIfOverLimit(): boolean {
    if (this.socket.isIdle || !isOverCloseLimit(this.socket)) return false;
    this.closeAsTooSlow();
    return true;
  }

  /** Whether the client has to read something before it is sent more answers. */
  get isBehind(): boolean {
    return !this.socket.isIdle && isBehind(this.socket);
  }

  /** Closes the connection if a timeout has passed, and sends coalesced events once the client has caught up. */
  sweep(now: number): void {
    const state = this.#state;
    if (state.kind !== 'closing' && this.#hasStalled(now)) {
      this.closeAsTooSlow();
      return;
    }
    if (state.kind === 'live') {
      if (this.#coalesced && !isBehind(this.socket)) this.#flushCoalesced(this.#coalesced);
    } else if (state.kind === 'closing' && now >= state.closesAt) {
      this.socket.disconnect('namespace');
      // A client that does not read does not complete a closing handshake either.
      if (!this.socket.isIdle) this.socket.terminate();
    }
  }

  /** Closes without a closing handshake, which the client would not read; it resumes from the log when it returns. */
  closeAsTooSlow(): void {
    if (this.#state.kind === 'gone') return;
    this.#startClosing(0);
    this.stream.closedAsTooSlow(this);
    this.socket.terminate();
  }

  #startClosing(timeoutSeconds: number): void {
    this.#state = { kind: 'closing', closesAt: this.stream.now() + timeoutSeconds };
  }

  #hasStalled(now: number): boolean {
    // Most connections never have anything queued when they are checked.
    if (!this.#stall && this.socket.isIdle) return false;
    this.#stall ??= new StallDetector();
    return this.#stall.hasStalled(this.socket, now);
  }

  /** Applies backpressure. @returns whether the event is to be sent although packets are queued */
  #mayQueue(event: RoomEvent): boolean {
    const decision = decide(event, this.socket);
    switch (decision) {
      case 'send':
        return true;
      case 'close':
        this.closeAsTooSlow();
        return false;
      case 'drop':
        this.#count('dropped', event);
        return false;
      case 'coalesce':
        this.#coalesced ??= new Map();
        this.#coalesced.set(event.type, event);
        return false;
    }
  }

  #flushCoalesced(coalesced: Map<string, RoomEvent>): void {
    this.#coalesced = undefined;
    for (const event of coalesced.values()) this.sendDirect(event);
  }

  /** Sends the backlog until the client is behind; continues when what is queued has left the process. */
  #sendBacklog(): void {
    const state = this.#state;
    if (state.kind === 'catching_up') this.socket.batch(() => this.#sendFrom(state.backlog));
  }

  #sendFrom(backlog: Backlog): void {
    const { stream, socket } = this;
    for (let next = backlog.take(); next; next = backlog.take()) {
      const { event, isMissed } = next;
      this.#count(isMissed ? 'replayed' : 'deliveries', event);
      const outgoing = isMissed ? stream.replayed(event) : stream.outgoing(event);
      if (outgoing.ackId !== undefined) {
        stream.confirmations.replayed(this, event, outgoing.ackId, stream.now());
      }
      const pauses = !backlog.isEmpty && isBehind(socket);
      socket.send(outgoing, pauses ? () => this.#sendBacklog() : undefined);
      if (pauses) return;
    }
    if (backlog.hasEnded) this.#startClosing(stream.lastEventTimeoutSeconds);
    else this.#state = { kind: 'live', snapshotSequence: backlog.snapshotSequence };
  }

  #error(body: Problem['body']): RoomEvent<'error'> {
    return makeEvent('error', this.stream.roomId, this.stream.now(), body);
  }

  #count(counter: 'coalesced' | 'dropped' | 'replayed' | 'deliveries', { type }: RoomEvent): void {
    this.stream.statistics.count(counter, type, this.stream.roomId);
  }
}
