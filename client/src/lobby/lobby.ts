import type { ClosedReason, Connection } from '../connection/connection.js';
import { Link, type LinkOwner } from '../connection/link.js';
import { endAnnouncedBy } from '../connection/refusals.js';
import type { OpenTransport } from '../connection/transport.js';
import type { RoomList } from '../contract.js';
import type { Environment, Timer } from '../environment.js';
import { reportUncaught } from '../errors.js';
import { Handlers, type EventHandler } from '../events/handlers.js';
import type { Api } from '../http/api.js';
import { type Store, WritableStore } from '../store.js';
import { type EventType, isEvent, type RoomcastEvent } from '../wire.js';
import { foldLobby, type LobbyRooms } from './fold-lobby.js';

const pageSize = 100;
/** Rooms that are listed at most: the newest. */
const maxRooms = 1000;
const maxEarlyEvents = 1000;
const maxSeen = 100;
/** A page that switches between views does not connect anew each time. */
const lingerMs = 5_000;
const retryListMs = 5_000;

/**
 * The list of public rooms, and of this user's own, kept up to date while it is subscribed to. The lobby has no log, so
 * the rooms are listed anew with each connection. Their numbers of participants and of users online are those of that
 * moment. Owned by `Roomcast`.
 */
export class Lobby implements LinkOwner {
  readonly namespace = '/';
  /** The rooms, newest first; null until they were listed. Subscribing to it connects. */
  readonly rooms: Store<LobbyRooms | null>;
  readonly #rooms = new WritableStore<LobbyRooms | null>(null);
  readonly #connection = new WritableStore<Connection>({ is: 'connecting', attempt: 1 });
  readonly #handlers: Handlers;
  #link: Link | undefined;
  #users = 0;
  #lingerTimer: Timer | undefined;
  #listTimer: Timer | undefined;
  /** Ids of the last events, some of which are sent again until they are confirmed. */
  readonly #seen = new Set<string>();
  /** Events that arrive while the rooms are being listed; undefined otherwise. */
  #early: RoomcastEvent[] | undefined;
  #abort = new AbortController();

  constructor(
    private readonly api: Api,
    private readonly open: OpenTransport,
    private readonly environment: Environment,
    handlerTimeoutMs: number,
  ) {
    this.#handlers = new Handlers(environment, handlerTimeoutMs);
    const rooms = this.#rooms;
    this.rooms = {
      get current() {
        return rooms.current;
      },
      subscribe: (listener) => this.#using(rooms.subscribe(listener)),
    };
  }

  /** The connection, while there is one. */
  get connection(): Store<Connection> {
    return this.#connection;
  }

  /** Calls a handler for each event of the lobby: `room_created`, `room_state_updated`, `room_deleted`, `server_status`. */
  on<T extends EventType>(type: T, handler: EventHandler<T>): () => void {
    return this.#using(this.#handlers.add(type, handler));
  }

  /** Lists the rooms anew, for example to update the numbers of users. */
  async refresh(): Promise<void> {
    const { signal } = this.#abort;
    this.#early ??= [];
    const rooms = await this.#list(signal);
    if (signal.aborted) return;
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#rooms.set(early.reduce(foldLobby, rooms));
  }

  close(): void {
    this.environment.clearTimeout(this.#lingerTimer);
    this.#link?.close('closed');
  }

  // What the link tells.

  handshake(): Record<string, unknown> {
    return {};
  }

  connected(): void {
    this.#link?.established(0, 0);
    this.#early = [];
    void this.#listUntilDone();
  }

  received(event: unknown, confirm: (() => void) | undefined): void {
    if (!isEvent(event) || event.type === 'connection_established') return;
    this.#link?.announce(endAnnouncedBy(event));
    if (this.#isRepeated(event)) {
      confirm?.();
      return;
    }
    if (this.#early && this.#early.length < maxEarlyEvents) this.#early.push(event);
    const rooms = this.#rooms.current;
    try {
      if (rooms) this.#rooms.set(foldLobby(rooms, event));
    } catch (error) {
      // Of a version that this one does not understand.
      reportUncaught(error);
      this.#link?.close('protocol');
      return;
    }
    const settled = this.#handlers.run(event, false);
    if (!confirm) return;
    if (settled) void settled.then(confirm);
    else confirm();
  }

  ended(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.environment.clearTimeout(this.#listTimer);
    this.#early = undefined;
  }

  woke(): void {
    // The link checks the connection; a new one lists the rooms anew.
  }

  closed(_reason: ClosedReason): void {
    this.ended();
    this.#link = undefined;
  }

  #isRepeated({ event_id }: RoomcastEvent): boolean {
    if (this.#seen.has(event_id)) return true;
    this.#seen.add(event_id);
    if (this.#seen.size > maxSeen) this.#seen.delete(this.#seen.values().next().value!);
    return false;
  }

  async #listUntilDone(): Promise<void> {
    const { signal } = this.#abort;
    await this.refresh().catch(() => {
      if (signal.aborted) return;
      this.#listTimer = this.environment.setTimeout(() => void this.#listUntilDone(), retryListMs);
    });
  }

  async #list(signal: AbortSignal): Promise<LobbyRooms> {
    const rooms = new Map<string, LobbyRooms[number]>();
    let after: string | null = null;
    do {
      const query: string = after === null ? '' : `&after=${after}`;
      const page: RoomList = await this.api.get<RoomList>(`/rooms?limit=${pageSize}${query}`, signal);
      for (const room of page.rooms) rooms.set(room.id, room);
      after = page.next;
    } while (after !== null && rooms.size < maxRooms);
    return [...rooms.values()];
  }

  /** Connects for as long as someone uses the lobby. @param stop ends that use */
  #using(stop: () => void): () => void {
    this.#users += 1;
    this.environment.clearTimeout(this.#lingerTimer);
    if (!this.#link) this.#connect();
    let isOver = false;
    return () => {
      stop();
      if (isOver) return;
      isOver = true;
      this.#users -= 1;
      if (this.#users > 0 || !this.#link) return;
      this.#lingerTimer = this.environment.setTimeout(() => this.close(), lingerMs);
    };
  }

  #connect(): void {
    const link = new Link(this, this.open, this.api.tokens, this.environment);
    this.#link = link;
    link.state.subscribe(() => this.#connection.set(link.state.current));
    this.#connection.set(link.state.current);
    link.start();
  }
}
