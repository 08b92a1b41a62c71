import { RoomClock } from '../clock/room-clock.js';
import type { ClosedReason } from '../connection/connection.js';
import { Link, type LinkOwner } from '../connection/link.js';
import { endAnnouncedBy } from '../connection/refusals.js';
import type { OpenTransport } from '../connection/transport.js';
import type { User } from '../contract.js';
import type { Environment, Timer } from '../environment.js';
import { reportUncaught, RoomcastError } from '../errors.js';
import { EventStream, type ResetReason, type StreamOwner } from '../events/event-stream.js';
import { Handlers } from '../events/handlers.js';
import type { Api } from '../http/api.js';
import type { OptimisticState } from '../state/optimistic-state.js';
import type { RoomView } from '../state/room-view.js';
import { type Established, isEvent, type RoomcastEvent } from '../wire.js';
import { SyncReports } from './sync-reports.js';

/** The state was replaced: there are no events between the previous state and this one. */
export interface Reset {
  readonly type: 'reset';
  readonly reason: ResetReason;
  readonly state: RoomView;
  /** The events that follow are later than this. */
  readonly sequence: number;
}

/** Missed events that stop coming were lost on the way. */
const catchUpTimeoutMs = 20_000;

export interface SessionOptions {
  readonly roomId: string;
  readonly api: Api;
  readonly open: OpenTransport;
  readonly environment: Environment;
  readonly handlerTimeoutMs: number;
}

/**
 * The connection of one room and everything that hangs on it: the link feeds the stream, the stream folds and hands out.
 * Owned by the `Room`, which shows it to the program.
 */
export class RoomSession implements LinkOwner, StreamOwner {
  readonly namespace: string;
  readonly link: Link;
  readonly clock: RoomClock;
  readonly reports: SyncReports;
  readonly handlers: Handlers;
  /** Everything that is handed out, besides the handlers: iterators, and listeners of `reset`. */
  readonly outputs = new Set<(item: RoomcastEvent | Reset) => void>();
  /** Called once, when the room is closed. */
  readonly onClosed = new Set<(reason: ClosedReason) => void>();
  readonly #stream: EventStream;
  readonly #environment: Environment;
  readonly #api: Api;
  readonly #joined: (started: Started) => void;
  #started: Started | undefined;
  #catchUpTimer: Timer | undefined;
  /** The sequence with which the connection began. */
  #replayedUpTo = 0;

  /** @param joined called once, when the state of the room is known */
  constructor(
    { roomId, api, open, environment, handlerTimeoutMs }: SessionOptions,
    joined: (started: Started) => void,
  ) {
    this.namespace = `/rooms/${roomId}`;
    this.#api = api;
    this.#environment = environment;
    this.#joined = joined;
    this.handlers = new Handlers(environment, handlerTimeoutMs);
    this.#stream = new EventStream(this);
    this.link = new Link(this, open, api.tokens, environment);
    const ask = this.link.ask.bind(this.link);
    this.clock = new RoomClock(ask, environment);
    this.reports = new SyncReports(this.clock, ask, environment);
  }

  // What the link tells.

  handshake(): Record<string, unknown> {
    return this.#stream.handshake();
  }

  connected(): void {
    // The room's first event establishes the connection.
  }

  received(event: unknown, confirm: (() => void) | undefined): void {
    if (isEvent(event)) {
      if (typeof event.data.server_time === 'number') this.clock.observe(event.data.server_time);
      // At once: the server closes the connection next, and the stream may still wait for handlers.
      if (event.type === 'connection_established') this.#replayedUpTo = event.data.sequence;
      else this.link.announce(endAnnouncedBy(event) ?? this.#departureIn(event));
    }
    this.#stream.receive(event, confirm);
  }

  ended(): void {
    this.#environment.clearTimeout(this.#catchUpTimer);
    this.#stream.connectionEnded();
    this.clock.disconnected();
    this.reports.disconnected();
  }

  woke(): void {
    this.clock.suspect();
  }

  closed(reason: ClosedReason): void {
    this.ended();
    this.#stream.close();
    this.handlers.abort(new RoomcastError('closed', `The room was closed: ${reason}.`));
    for (const listener of [...this.onClosed]) listener(reason);
  }

  // What the stream tells.

  started(state: OptimisticState, user: User): void {
    // Events wait until the program had its turn, in which it adds its handlers.
    this.#stream.pause();
    this.#environment.setTimeout(() => this.#stream.resume(), 0);
    this.#started = { state, user };
    this.#joined(this.#started);
  }

  established({ sequence, clock_id, epoch }: Established, from: number): void {
    // The program may have closed the room when it heard of a reset.
    if (this.link.state.current.is === 'closed') return;
    if (epoch !== undefined) this.#api.knowsKeys = true;
    this.clock.connected(clock_id);
    this.reports.connected();
    this.link.established(from, sequence);
    if (from < sequence) this.#watchCatchUp();
  }

  reset(reason: ResetReason): void {
    this.#handOut(this.resetTo(reason));
  }

  deliver(event: RoomcastEvent, replayed: boolean): Promise<void> | undefined {
    this.#handOut(event);
    return this.handlers.run(event, replayed);
  }

  applied(event: RoomcastEvent): void {
    if (this.link.state.current.is === 'catching_up') this.#watchCatchUp();
    const end = event.type === 'room_deleted' ? { reason: 'deleted' as const } : this.#departureIn(event);
    if (end) this.link.close(end.reason);
  }

  caughtUp(): void {
    this.#environment.clearTimeout(this.#catchUpTimer);
    this.link.caughtUp();
  }

  restart(): void {
    this.link.restart('network');
  }

  fail(error: unknown): void {
    reportUncaught(error);
    this.link.close('protocol');
  }

  /** The state as it is, for those who cannot go on from what they have. */
  resetTo(reason: ResetReason): Reset {
    const { folded, sequence } = this.#started!.state;
    return { type: 'reset', reason, state: folded.current, sequence };
  }

  #handOut(item: RoomcastEvent | Reset): void {
    for (const output of [...this.outputs]) {
      try {
        output(item);
      } catch (error) {
        reportUncaught(error);
      }
    }
  }

  /** Why this user is no participant any more, if the event says that. */
  #departureIn({ type, data, metadata }: RoomcastEvent) {
    // The server has accepted this connection, so a departure before it was followed by a return.
    if (type !== 'user_left' || metadata.sequence! <= this.#replayedUpTo) return undefined;
    // Before it is folded, anything may be missing.
    if ((data.user as User | undefined)?.id !== this.#started?.user.id) return undefined;
    return { do: 'give_up', reason: data.reason } as const;
  }

  #watchCatchUp(): void {
    this.#environment.clearTimeout(this.#catchUpTimer);
    this.#catchUpTimer = this.#environment.setTimeout(() => this.restart(), catchUpTimeoutMs);
  }
}

/** What a room has from its first connection on. */
export interface Started {
  readonly state: OptimisticState;
  readonly user: User;
}
