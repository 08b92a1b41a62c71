import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { Socket } from 'socket.io';
import { Clock } from '../config/clock.js';
import type { Connection } from '../delivery/connection.js';
import { RoomStreams } from '../delivery/room-streams.js';
import { asProblem } from '../errors/as-problem.js';
import { Problem } from '../errors/problem.js';
import { makeEvent } from '../events/envelope.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { ExpensiveReads, type Reader } from '../limits/expensive-reads.js';
import { Statistics } from '../metrics/statistics.js';
import { type ResumeRequest, RoomStateService } from '../room-state/room-state.service.js';
import { PresenceService } from '../rooms/presence/presence.service.js';
import { callerOf, connectionOf, readerOf, roomOf, setConnection } from './socket-data.js';
import { SocketTransport } from './transport/socket-transport.js';

/** At shutdown, for clients to read what was sent to them. */
const closeTimeoutMs = 1000;
const closeCheckMs = 10;

/** Socket.IO's reasons after which a user is gone at once: the client left the namespace, or was removed from it. */
const intendedDisconnects: ReadonlySet<string> = new Set([
  'client namespace disconnect',
  'server namespace disconnect',
]);

/**
 * Handles sockets that connect to a room or disconnect. A socket that connects joins the room's stream, its presence
 * is written, and it is sent the room's snapshot and the missed events.
 */
@Injectable()
export class RoomEntrance {
  /** By connection: resolves once the setup of the socket has succeeded or failed. */
  readonly #entering = new WeakMap<Connection, Promise<void>>();
  /** Work in progress for sockets that connect and disconnect. */
  readonly #work = new Set<Promise<void>>();

  constructor(
    private readonly streams: RoomStreams,
    private readonly transport: SocketTransport,
    private readonly presence: PresenceService,
    private readonly state: RoomStateService,
    private readonly reads: ExpensiveReads,
    private readonly statistics: Statistics,
    private readonly clock: Clock,
    lifecycle: Lifecycle,
    @InjectPinoLogger(RoomEntrance.name) private readonly log: PinoLogger,
  ) {
    lifecycle.onStop('connections', 'connections', () => this.#closeAll());
    // Other nodes have removed this one's connections: the clients have to reconnect.
    presence.evicted.subscribe(() => streams.closeAll());
  }

  connect(socket: Socket): void {
    const roomId = roomOf(socket)!;
    const connection = this.streams.connect(roomId, this.transport.open(socket), callerOf(socket));
    setConnection(socket, connection);
    const entering = this.#enter(roomId, connection, readerOf(socket), {
      after: afterSequenceOf(socket),
      epoch: epochOf(socket),
      state: stateWantedBy(socket),
    });
    this.#entering.set(connection, entering);
    void entering.finally(() => this.#entering.delete(connection));
    this.#track(entering);
  }

  disconnect(socket: Socket, reason: string): void {
    const connection = connectionOf(socket);
    if (!connection) return;
    this.transport.close(socket);
    this.streams.disconnect(connection);
    const isIntended = intendedDisconnects.has(reason);
    const entered = this.#entering.get(connection);
    this.#track((entered ?? Promise.resolve()).then(() => this.#leave(connection, isIntended)));
  }

  /** Connections stay in the database: their users may return to the next process within the presence grace. */
  async #closeAll(): Promise<void> {
    this.streams.closeAll();
    await this.#closed();
    while (this.#work.size > 0) await Promise.all(this.#work);
    await this.presence.stop();
  }

  /** Waits for clients that still read, and terminates the others, so that their deliveries end before the flush. */
  async #closed(): Promise<void> {
    const deadline = performance.now() + closeTimeoutMs;
    while (this.streams.size.connections > 0 && performance.now() < deadline) await delay(closeCheckMs);
    for (const { socket } of [...this.streams.connections()]) socket.terminate();
  }

  async #enter(
    roomId: string,
    connection: Connection,
    reader: Reader,
    request: ResumeRequest,
  ): Promise<void> {
    const { user } = connection;
    try {
      // From here on live events wait at the connection, so that no event after the snapshot is lost.
      await connection.stream.opened;
      await this.presence.connected(roomId, user, connection.id);
      const { missed, votes, ...state } = await this.reads.run(
        reader,
        () => this.state.stateOnConnect(user, roomId, request),
        { pauses: false },
      );
      const { resumed, sequence } = state;
      this.#count(request.after, resumed, missed.length);
      const data = {
        user,
        ...state,
        replayed: missed.length,
        my_votes: votes,
        clock_id: this.clock.id,
      };
      connection.establish(
        makeEvent('connection_established', roomId, this.clock.now(), data),
        missed,
        sequence,
      );
    } catch (error) {
      const problem = asProblem(error);
      // A Problem was thrown on purpose (unavailable …) and is no fault of the server.
      if (problem.status >= 500 && !(error instanceof Problem)) {
        this.log.error({ err: error, room_id: roomId }, 'a connection could not be set up');
      }
      connection.closeWith(problem);
    }
  }

  async #leave({ stream, user, id }: Connection, isIntended: boolean): Promise<void> {
    const roomId = stream.roomId!;
    if (isIntended) await this.presence.left(roomId, user, id);
    else this.presence.lost(roomId, user, id);
  }

  #count(after: number | undefined, resumed: boolean, missed: number): void {
    if (resumed) {
      this.statistics.countNode('replays');
      this.statistics.countNode('replayed_events', missed);
    } else if (after !== undefined) this.statistics.countNode('resets');
  }

  #track(work: Promise<void>): void {
    this.#work.add(work);
    void work.finally(() => this.#work.delete(work));
  }
}

/** Anything but `when_needed` is `always`. */
const stateWantedBy = ({ handshake }: Socket): 'always' | 'when_needed' =>
  (handshake.auth as { state?: unknown }).state === 'when_needed' ? 'when_needed' : 'always';

/** The epoch of the last sequence that the client has seen, as `SocketAdmission` has left it. */
const epochOf = ({ handshake }: Socket): string | undefined => (handshake.auth as { epoch?: string }).epoch;

/**
 * The last sequence that the client has seen: an integer, or its decimal string, because the official Java client can
 * send strings only. Undefined if it is missing or malformed.
 */
export function afterSequenceOf({ handshake }: Pick<Socket, 'handshake'>): number | undefined {
  const { after_sequence: given } = handshake.auth as { after_sequence?: unknown };
  const value = typeof given === 'string' && /^\d{1,16}$/.test(given) ? Number(given) : given;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
