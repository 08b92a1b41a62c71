import type { ClosedReason } from './connection/connection.js';
import type { OpenTransport } from './connection/transport.js';
import type { RoomCommandAnswer, RoomPreview, Visibility } from './contract.js';
import type { Environment } from './environment.js';
import { RoomcastError } from './errors.js';
import type { Api } from './http/api.js';
import { Media } from './http/media.js';
import { previewRoom } from './http/preview.js';
import { Lobby } from './lobby/lobby.js';
import { Room } from './room/room.js';
import { RoomSession } from './room/room-session.js';

export interface JoinOptions {
  /** Needed for a private room that the user is not in. */
  readonly invite?: string;
  /** Cancels joining, and closes the room later. */
  readonly signal?: AbortSignal;
}

export interface NewRoom {
  readonly name: string;
  readonly visibility?: Visibility;
}

/** A server, as one user sees it. Made by `connect`; connections are opened by `join` and by the use of `lobby`. */
export class Roomcast {
  /** The list of rooms. */
  readonly lobby: Lobby;
  /** Audio and covers, which only participants may read. */
  readonly media: Media;
  readonly #rooms = new Set<Room>();

  constructor(
    private readonly api: Api,
    private readonly open: OpenTransport,
    private readonly environment: Environment,
    private readonly handlerTimeoutMs: number,
  ) {
    this.lobby = new Lobby(api, open, environment, handlerTimeoutMs);
    this.media = new Media(api, environment);
  }

  /** Creates a room; this user administers it, and joins it like any other. @throws {RoomcastError} */
  async createRoom({ name, visibility }: NewRoom): Promise<RoomCommandAnswer['room']> {
    const body = { name, ...(visibility && { visibility }) };
    return (await this.api.command<RoomCommandAnswer>('POST', '/rooms', { body })).room;
  }

  /**
   * Joins a room and connects to it. Handlers that are added in the same turn as `join` resolves miss no event that
   * `room.state` does not have.
   * @throws {RoomcastError} room_not_found, banned, unauthorized; `network` if the server cannot be reached; `aborted`
   */
  async join(roomId: string, { invite, signal }: JoinOptions = {}): Promise<Room> {
    const path = `/rooms/${encodeURIComponent(roomId)}/join`;
    const body = invite === undefined ? {} : { invite };
    const { room: joined } = await this.api.command<RoomCommandAnswer>('POST', path, {
      body,
      signal,
      repeatable: true,
    });
    const room = await this.#connect(joined.id, signal);
    this.#rooms.add(room);
    room.connection.subscribe(() => {
      if (room.connection.current.is === 'closed') this.#rooms.delete(room);
    });
    return room;
  }

  /** What a public room looks like before joining it. @throws {RoomcastError} room_not_found, rate_limited */
  previewRoom(roomId: string): Promise<RoomPreview> {
    return previewRoom(this.api.address, roomId);
  }

  /** Closes all connections. The user stays a participant of the rooms. */
  close(): void {
    for (const room of [...this.#rooms]) room.close();
    this.lobby.close();
  }

  #connect(id: string, signal: AbortSignal | undefined): Promise<Room> {
    const { api, open, environment, handlerTimeoutMs } = this;
    return new Promise((resolve, reject) => {
      const session = new RoomSession({ roomId: id, api, open, environment, handlerTimeoutMs }, (started) =>
        resolve(new Room(id, session, started, api, environment)),
      );
      const abort = () => session.link.close('closed');
      session.onClosed.add((reason) => {
        signal?.removeEventListener('abort', abort);
        // Without effect if the room was there.
        reject(
          signal?.aborted
            ? new RoomcastError('aborted', 'Joining was cancelled.', { cause: signal.reason })
            : new RoomcastError(codeOf[reason], `The connection to the room was closed: ${reason}.`),
        );
      });
      if (signal?.aborted) abort();
      else {
        signal?.addEventListener('abort', abort, { once: true });
        session.link.start();
      }
    });
  }
}

/** The code of the error with which `join` ends if the connection does not come about. */
const codeOf = {
  left: 'not_a_participant',
  kicked: 'not_a_participant',
  banned: 'banned',
  deleted: 'room_not_found',
  unauthorized: 'unauthorized',
  protocol: 'protocol',
  closed: 'closed',
} as const satisfies Record<ClosedReason, string>;
