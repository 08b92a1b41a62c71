import type { Clock } from '../clock/room-clock.js';
import type { Connection } from '../connection/connection.js';
import { type Status, steadyStatus } from '../connection/steady-status.js';
import type { Track, User } from '../contract.js';
import type { Environment } from '../environment.js';
import { EventIterator } from '../events/event-iterator.js';
import type { EventHandler, HandlerFailure } from '../events/handlers.js';
import type { Api } from '../http/api.js';
import { type Upload, upload } from '../http/upload.js';
import { nextIfEnded } from '../state/next-track.js';
import type { RoomView } from '../state/room-view.js';
import { derived, type Store } from '../store.js';
import type { EventType, RoomcastEvent } from '../wire.js';
import { type CommandTarget, RoomCommands } from './room-commands.js';
import type { Reset, RoomSession, Started } from './room-session.js';
import type { PlayerReport } from './sync-reports.js';
import type { Playback } from '../contract.js';

export interface EventsOptions {
  readonly signal?: AbortSignal;
  /** How many events may wait for the consumer; 1000 if not given. */
  readonly limit?: number;
}

/** What is to be played: the playback state with the tracks that it concerns. */
export interface RoomPlayback extends Playback {
  /** The current track. */
  readonly track: Track | null;
  /**
   * What plays after the current track has ended by itself, if that is known: the first of the queue; or, as the room's
   * settings say, the current track again, or one of the history.
   */
  readonly next: Track | null;
}

/**
 * A room that this user has joined: its state, its events in order, its commands and its clock. Made by
 * `Roomcast.join`. It stays connected until it is closed, and says in `connection` how that goes.
 */
export class Room extends RoomCommands {
  /** The connection as it is. */
  readonly connection: Store<Connection>;
  /** The connection for people: breaks shorter than a second do not show. */
  readonly status: Store<Status>;
  /** The state of the room, with the changes of this client's commands that are not confirmed yet. */
  readonly state: Store<RoomView>;
  /** What is to be played, as the server has confirmed it. */
  readonly playback: Store<RoomPlayback>;
  protected readonly target: CommandTarget;
  readonly #session: RoomSession;
  readonly #closed = new AbortController();

  constructor(
    id: string,
    session: RoomSession,
    { state, user }: Started,
    api: Api,
    environment: Environment,
  ) {
    super();
    this.#session = session;
    this.connection = session.link.state;
    this.status = steadyStatus(this.connection, environment);
    this.state = state.shown;
    this.playback = derived(state.folded, playbackOf());
    const { signal } = this.#closed;
    this.target = {
      id,
      user,
      optimistic: state,
      api,
      now: () => session.clock.now(),
      ask: (message, payload, timeoutMs) => session.link.ask(message, payload, timeoutMs),
      signal,
      close: (reason) => session.link.close(reason),
    };
    session.onClosed.add((reason) => this.#closed.abort(reason));
  }

  get id(): string {
    return this.target.id;
  }

  /** Who this client is in the room. */
  get user(): User {
    return this.target.user;
  }

  /** The sequence of the last event in the state. */
  get sequence(): number {
    return this.target.optimistic.sequence;
  }

  /** The room clock. Measuring begins with the first use of this property. */
  get clock(): Clock {
    this.#session.clock.use();
    return this.#session.clock;
  }

  /**
   * Calls a handler for each event of a type, once and in order. The next event, and the confirmation of this one, wait
   * for the promises that handlers return, for at most 4 s (`handlerTimeoutMs`). A handler that throws is reported as
   * `handlerError` and not called again for the event. Events from before `join` has resolved are in `state` already.
   *
   * - `reset`: the state was replaced, because the missed events are not available any more. Take `state`.
   * - `handlerError`: a handler threw, or took too long.
   * @returns a function that removes the handler
   */
  on(type: 'reset', handler: (reset: Reset) => void): () => void;
  on(type: 'handlerError', handler: (failure: HandlerFailure) => void): () => void;
  on<T extends EventType>(type: T, handler: EventHandler<T>): () => void;
  on(
    type: EventType | 'reset' | 'handlerError',
    handler: (argument: never, context: never) => unknown,
  ): () => void {
    if (type === 'handlerError') {
      return this.#session.handlers.onFailure(handler as unknown as (failure: HandlerFailure) => void);
    }
    if (type !== 'reset') return this.#session.handlers.add(type, handler as EventHandler<EventType>);
    return this.#output((item) => {
      if (item.type === 'reset') (handler as unknown as (reset: Reset) => void)(item);
    });
  }

  /**
   * All events from now on, in order, for `for await`. An event counts as applied as soon as it waits for the consumer.
   * If more wait than the limit, they are replaced by one `reset` with the state; the server's resets appear as well.
   * Ends when the room is closed, or with the signal.
   */
  events({ signal, limit = 1000 }: EventsOptions = {}): AsyncIterableIterator<RoomcastEvent | Reset> {
    const end = () => iterator.end();
    const iterator = new EventIterator<RoomcastEvent | Reset>(
      limit,
      () => this.#session.resetTo('overflow'),
      () => {
        removeOutput();
        signal?.removeEventListener('abort', end);
        this.#closed.signal.removeEventListener('abort', end);
      },
    );
    const removeOutput = this.#output((item) => iterator.push(item));
    if (signal?.aborted || this.#closed.signal.aborted) end();
    signal?.addEventListener('abort', end, { once: true });
    this.#closed.signal.addEventListener('abort', end, { once: true });
    return iterator;
  }

  /** Uploads an audio file. @param options `name`: of the file, where `file` is a Blob without one */
  upload(file: Blob, { signal, name }: { signal?: AbortSignal; name?: string } = {}): Upload {
    const fileName = name ?? (file instanceof File ? file.name : 'audio');
    const { api, id } = this.target;
    const signals = signal ? [signal, this.#closed.signal] : [this.#closed.signal];
    return upload(api, id, file, fileName, AbortSignal.any(signals));
  }

  /** For a player: what it reports to the room, besides round trip and uncertainty of the clock. */
  report(report: PlayerReport): void {
    this.#session.reports.update(report);
  }

  /** Closes the connection. The user stays a participant. */
  close(): void {
    this.#session.link.close('closed');
  }

  #output(output: (item: RoomcastEvent | Reset) => void): () => void {
    this.#session.outputs.add(output);
    return () => this.#session.outputs.delete(output);
  }
}

/** The same object until one of its parts has changed. */
function playbackOf(): (state: RoomView) => RoomPlayback {
  let last: RoomPlayback | undefined;
  let from: Playback | undefined;
  return (state) => {
    const { playback, current_track: track } = state;
    const next = nextIfEnded(state);
    if (!last || playback !== from || track !== last.track || next !== last.next) {
      last = { ...playback, track, next };
      from = playback;
    }
    return last;
  };
}
