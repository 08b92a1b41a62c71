import type { ClosedReason } from '../../src/connection/connection.js';
import type { TransportListener } from '../../src/connection/transport.js';
import { RoomcastError } from '../../src/errors.js';
import { Api } from '../../src/http/api.js';
import { TokenSource } from '../../src/http/token-source.js';
import type { CommandTarget } from '../../src/room/room-commands.js';
import type { Room } from '../../src/room/room.js';
import { Roomcast } from '../../src/roomcast.js';
import type { RoomView } from '../../src/state/room-view.js';
import type { Established, RoomcastEvent } from '../../src/wire.js';
import { digest } from './digest.js';
import { type FakeEnvironment } from './fake-environment.js';
import { roomId, userId } from './room-model.js';
import { SimulatedConnection } from './simulated-connection.js';
import { type RestNetwork, simulatedRest } from './simulated-rest.js';
import type { LoggedEvent, SimulatedServer } from './simulated-server.js';
import { require, Violation } from './violation.js';

/** How the handlers of a client behave. */
export type Manner = 'prompt' | 'asynchronous' | 'slow' | 'throwing';

export const handlerTimeoutMs = 4_000;
const maxDelayMs = 200;
export const loggedTypes = [
  'user_joined',
  'user_left',
  'user_connected_websocket',
  'user_disconnected_websocket',
  'user_updated',
  'track_added',
  'track_voted',
  'skip_voted',
  'track_unvoted',
  'track_removed',
  'queue_reordered',
  'playback_started',
  'playback_paused',
  'playback_resumed',
  'playback_stopped',
  'playback_seeked',
  'track_skipped',
  'room_state_updated',
  'room_deleted',
] as const;

/** A program that uses the library, and checks everything that the library tells it. */
export class SimulatedClient {
  readonly environment: FakeEnvironment;
  readonly roomcast: Roomcast;
  readonly rest: RestNetwork;
  readonly userId: string;
  connection: SimulatedConnection | undefined;
  room: Room | undefined;
  isJoining = false;
  isNetworkUp = true;
  /** Commands that have not ended. */
  pending = 0;
  /** Whether this program has left the room, or tries to. */
  isLeaving = false;
  violation: Violation | undefined;
  readonly #handled = new Set<string>();
  readonly #settled = new Set<string>();
  #epoch = '';
  #epochOfConnection = '';
  /** When the server accepted the last connection, of those before the current one. */
  #establishedAt = -Infinity;
  #last = 0;
  /** Handlers that have not settled. */
  #running = 0;
  #failures = 0;
  #reportedFailures = 0;
  #token: string;
  #tokens = 0;

  constructor(
    readonly server: SimulatedServer,
    readonly name: string,
    user: number,
    private readonly manner: Manner,
  ) {
    const { environment } = server;
    this.environment = environment;
    this.userId = userId(user);
    this.#token = this.#newToken();
    this.rest = { isUp: true, answerLoss: 0, maxDelayMs };
    const tokens = new TokenSource((refused) => (refused === undefined ? this.#token : this.#newToken()));
    const address = { origin: 'http://simulated', path: '' };
    const api = new Api(address, tokens, environment, 30_000, simulatedRest(server, this.userId, this.rest));
    this.roomcast = new Roomcast(
      api,
      (target, listener) => {
        this.#noteEstablished();
        this.connection = new SimulatedConnection(
          server,
          this.userId,
          target,
          { ...listener, received: (event, confirm) => this.#receive(event, confirm, listener) },
          (event) => this.#checkConfirmation(event),
          maxDelayMs,
        );
        if (!this.isNetworkUp) this.connection.cut();
        return this.connection;
      },
      environment,
      handlerTimeoutMs,
    );
  }

  /** The token is not accepted any more. Not twice before the client is back: it asks for another one once. */
  expireToken(): void {
    if (this.room?.connection.current.is !== 'live' || !this.connection?.isOpen) return;
    this.server.tokens.delete(this.#token);
    this.connection.close('session_ended');
  }

  join(): void {
    if (this.isJoining || (this.room && this.closedReason === undefined)) return;
    this.isJoining = true;
    this.roomcast.join(roomId).then(
      (room) => this.#joined(room),
      (error: unknown) => {
        this.isJoining = false;
        if (!(error instanceof RoomcastError)) this.#violated(`joining failed with ${String(error)}`);
      },
    );
  }

  /** Runs a command; it may be refused, but has to end. */
  command(run: (room: Room) => Promise<unknown>): void {
    if (!this.room || this.room.connection.current.is === 'closed') return;
    this.pending += 1;
    run(this.room).then(
      () => (this.pending -= 1),
      (error: unknown) => {
        this.pending -= 1;
        if (!(error instanceof RoomcastError)) this.#violated(`a command failed with ${String(error)}`);
      },
    );
  }

  get closedReason(): ClosedReason | undefined {
    const connection = this.room?.connection.current;
    return connection?.is === 'closed' ? connection.reason : undefined;
  }

  /** Whether nothing is left to happen for it. */
  get isDone(): boolean {
    if (this.isJoining) return false;
    if (this.room === undefined) return true;
    if (this.closedReason !== undefined) return true;
    const isLive = this.room.connection.current.is === 'live';
    return isLive && this.pending === 0 && this.#last === this.server.sequence && this.#running === 0;
  }

  /** Checks that the client has everything, some time after all faults have ended. */
  checkEnd(): void {
    if (this.violation) throw this.violation;
    const { room, server } = this;
    if (!room || this.closedReason !== undefined) return;
    const is = room.connection.current.is;
    require(is === 'live', `${this.name} is ${is} in the end`);
    require(this.pending === 0, `${this.pending} commands of ${this.name} have not ended`);
    const { model } = server;
    require(digest(room.state.current) ===
      digest(model.state()), `${this.name} shows another state in the end`);
    const votes = [...room.state.current.my_votes].sort().join();
    require(votes === model.votesOf(this.userId).sort().join(), `${this.name} has other votes in the end`);
    require(this.#last === server.sequence, `${this.name} handled up to ${this.#last} of ${server.sequence}`);
    require(this.#failures === this.#reportedFailures, `${this.name} was not told of a failed handler once`);
  }

  #noteEstablished(): void {
    this.#establishedAt = Math.max(this.#establishedAt, this.connection?.establishedAt ?? -Infinity);
  }

  /** A client closes only for a reason: the room or the user was removed since the server has last accepted the client. */
  #checkClosed(reason: ClosedReason): void {
    this.#noteEstablished();
    const { server } = this;
    const since = server.departures.filter(
      ({ userId, at }) => userId === this.userId && at >= this.#establishedAt,
    );
    // Who was away learns only that they are not in the room any more.
    const holds =
      reason === 'deleted'
        ? server.isDeleted
        : reason === 'kicked'
          ? since.length > 0
          : since.some((one) => one.reason === reason) || (reason === 'left' && this.isLeaving);
    if (!holds) this.#violated(`${this.name} was closed: ${reason}`);
  }

  #newToken(): string {
    this.#tokens += 1;
    this.#token = `${this.name} ${this.#tokens}`;
    this.server.tokens.add(this.#token);
    return this.#token;
  }

  /** Notes the epoch, which handlers are not told. */
  #receive(event: unknown, confirm: (() => void) | undefined, listener: TransportListener): void {
    const { type, data } = event as RoomcastEvent | { type: 'connection_established'; data: Established };
    if (type === 'connection_established') this.#epochOfConnection = data.epoch!;
    listener.received(event, confirm);
  }

  #joined(room: Room): void {
    this.room = room;
    this.isJoining = false;
    this.isLeaving = false;
    room.connection.subscribe(() => {
      const { current } = room.connection;
      if (current.is === 'closed' && current.reason !== 'closed') this.#checkClosed(current.reason);
    });
    this.#epoch = this.#epochOfConnection;
    this.#last = room.sequence;
    for (const type of loggedTypes) {
      room.on(type, (event) => this.#handle(event));
    }
    room.on('reset', ({ sequence, state, reason }) => {
      this.#last = sequence;
      const expected = this.#epochOfConnection === this.#epoch ? 'history_gone' : 'epoch';
      if (reason !== expected) this.#violated(`${this.name} was reset: ${reason} instead of ${expected}`);
      this.#epoch = this.#epochOfConnection;
      this.#checkState(state, sequence);
    });
    room.on('handlerError', ({ event, error }) => {
      this.#reportedFailures += 1;
      // An event whose handlers took too long counts as done.
      if (error instanceof RoomcastError) this.#settled.add(event.event_id);
    });
  }

  #handle(event: RoomcastEvent): void | Promise<void> {
    const sequence = event.metadata.sequence!;
    const { event_id } = event;
    if (this.#handled.has(event_id)) this.#violated(`${this.name} was given ${event_id} twice`);
    if (sequence !== this.#last + 1) this.#violated(`${this.name} was given ${sequence} after ${this.#last}`);
    this.#handled.add(event_id);
    this.#last = sequence;
    this.#checkState(this.#folded(), sequence);
    const random = this.environment.random();
    switch (this.manner) {
      case 'prompt':
        break;
      case 'throwing':
        if (random < 0.3) {
          this.#settled.add(event_id);
          this.#failures += 1;
          throw new Error('a handler failed');
        }
        break;
      case 'asynchronous':
        return this.#settleLater(event_id, random * 500, random < 0.1);
      case 'slow':
        return this.#settleLater(event_id, random * 6_000, false);
    }
    this.#settled.add(event_id);
  }

  #settleLater(eventId: string, ms: number, fails: boolean): Promise<void> {
    if (fails || ms >= handlerTimeoutMs) this.#failures += 1;
    this.#running += 1;
    return new Promise((resolve, reject) => {
      this.environment.setTimeout(() => {
        this.#running -= 1;
        this.#settled.add(eventId);
        if (fails) reject(new Error('a handler failed later'));
        else resolve();
      }, ms);
    });
  }

  /** The state without what is expected. */
  #folded(): RoomView {
    // It is not public: programs see it with the changes that they expect.
    const { target } = this.room as unknown as { target: CommandTarget };
    return target.optimistic.folded.current;
  }

  #checkState(state: RoomView, sequence: number): void {
    const known = this.server.states.get(`${this.#epoch} ${sequence}`);
    // Within a change of several events the server has no state of its own.
    if (known !== undefined && known !== digest(state)) {
      this.#violated(`${this.name} folded another state at ${sequence}`);
    }
  }

  #checkConfirmation(event: LoggedEvent): void {
    if (!this.#settled.has(event.event_id)) {
      this.#violated(`${this.name} confirmed ${event.event_id} before it was applied`);
    }
  }

  #violated(what: string): void {
    this.violation ??= new Violation(what);
  }
}
