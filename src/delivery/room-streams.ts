import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { Caller } from '../auth/caller.js';
import { Clock } from '../config/clock.js';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { GuardedBus } from '../events/bus/guarded-bus.js';
import { makeEvent } from '../events/envelope.js';
import type { Broadcast } from '../events/event-broadcaster.service.js';
import { EventLog } from '../events/event-log.js';
import { Statistics } from '../metrics/statistics.js';
import { ConfirmationTracker } from './confirmations/confirmation-tracker.js';
import { Connection } from './connection.js';
import type { EventSocket } from './event-socket.js';
import { DeliveryReportsService } from './reports/delivery-reports.service.js';
import { RoomStream } from './room-stream.js';

/**
 * The streams of the rooms that have connections on this node, and of the lobby. A stream is made for the room's first
 * connection and removed with its last.
 */
@Injectable()
export class RoomStreams {
  readonly lobby: RoomStream;
  readonly #streams = new Map<string, RoomStream>();

  constructor(
    private readonly eventLog: EventLog,
    private readonly statistics: Statistics,
    private readonly reports: DeliveryReportsService,
    private readonly clock: Clock,
    private readonly bus: GuardedBus,
    @Inject(SETTINGS) private readonly settings: Settings,
    @InjectPinoLogger(RoomStreams.name) private readonly log: PinoLogger,
  ) {
    this.lobby = this.#newStream(null);
  }

  /**
   * Adds a socket to a room's stream, or to the lobby's (`roomId` null). In a room it receives nothing until it is
   * established; before that, wait for `connection.stream.opened`, which rejects if the log cannot be read.
   */
  connect(roomId: string | null, socket: EventSocket, caller: Caller): Connection {
    const stream = roomId === null ? this.lobby : (this.#streams.get(roomId) ?? this.#open(roomId));
    const connection = new Connection(socket, caller, stream);
    stream.add(connection);
    return connection;
  }

  disconnect(connection: Connection): void {
    const { stream } = connection;
    if (stream.remove(connection) && stream.connections.size === 0) this.#close(stream);
  }

  /**
   * Passes an event from the broadcaster to the connections it is for. Never throws: the change is committed, and an
   * error in sending must not reach the feature that made it.
   */
  deliver(broadcast: Broadcast): void {
    const { event } = broadcast;
    try {
      switch (broadcast.to) {
        case 'room': {
          const stream = this.#streams.get(broadcast.roomId);
          if (stream) stream.accept(event);
          // Without a connection here, only the node that raised the event counts it.
          else if (broadcast.path === 'local') this.statistics.count('events', event.type, broadcast.roomId);
          return;
        }
        case 'lobby':
          this.lobby.accept(event);
          return;
        case 'user':
          for (const connection of this.#ofRoomOrAll(broadcast.roomId)) {
            if (connection.user.id === broadcast.userId) connection.sendDirect(event);
          }
          return;
        case 'all': {
          const { status, message } = broadcast.event.data;
          for (const stream of this.#streams.values()) {
            const data = { status, message, sequence: stream.emitted };
            stream.accept(makeEvent('server_status', stream.roomId, event.data.timestamp, data));
          }
          this.lobby.accept(event);
          return;
        }
      }
    } catch (err) {
      this.log.error({ err, event_id: event.event_id }, 'an event could not be sent');
    }
  }

  get(roomId: string): RoomStream | undefined {
    return this.#streams.get(roomId);
  }

  get rooms(): Iterable<string> {
    return this.#streams.keys();
  }

  /** The lobby's stream and the rooms'. */
  *streams(): Iterable<RoomStream> {
    yield this.lobby;
    yield* this.#streams.values();
  }

  *connections(): Iterable<Connection> {
    for (const stream of this.streams()) yield* stream.connections;
  }

  /** How many connections a user has on this node: to a room, or to the lobby (null). */
  countOf(userId: string, roomId: string | null): number {
    const stream = roomId === null ? this.lobby : this.#streams.get(roomId);
    let count = 0;
    for (const { user } of stream?.connections ?? []) if (user.id === userId) count += 1;
    return count;
  }

  /** Totals of this node. */
  get size(): { rooms: number; connections: number; pendingConfirmations: number } {
    let connections = 0;
    let pendingConfirmations = 0;
    for (const stream of this.streams()) {
      connections += stream.connections.size;
      pendingConfirmations += stream.confirmations.pending;
    }
    return { rooms: this.#streams.size, connections, pendingConfirmations };
  }

  sizeOf(roomId: string): { connections: number; pendingConfirmations: number } {
    const stream = this.#streams.get(roomId);
    return {
      connections: stream?.connections.size ?? 0,
      pendingConfirmations: stream?.confirmations.pending ?? 0,
    };
  }

  /** Closes every connection; the clients reconnect. */
  closeAll(): void {
    for (const connection of [...this.connections()]) connection.close('connection');
  }

  #ofRoomOrAll(roomId: string | null): Iterable<Connection> {
    return roomId === null ? this.connections() : (this.#streams.get(roomId)?.connections ?? []);
  }

  #open(roomId: string): RoomStream {
    const stream = this.#newStream(roomId);
    this.#streams.set(roomId, stream);
    this.reports.watch(roomId, stream.confirmations);
    // Its connections are closed by `RoomEntrance`, which awaits `opened`; the next connection opens a new stream.
    stream.opened.catch(() => this.#close(stream));
    return stream;
  }

  #close(stream: RoomStream): void {
    const { roomId } = stream;
    if (roomId === null || this.#streams.get(roomId) !== stream) return;
    stream.confirmations.clear();
    this.reports.unwatch(roomId);
    this.#streams.delete(roomId);
    this.bus.unsubscribe(`room:${roomId}`);
  }

  #newStream(roomId: string | null): RoomStream {
    const { statistics, reports, clock } = this;
    const { confirmationTimeoutMs, confirmationAttempts } = this.settings;
    const limits = { timeoutSeconds: confirmationTimeoutMs / 1000, attempts: confirmationAttempts };
    const confirmations = new ConfirmationTracker(roomId, limits, statistics, {
      // The lobby has no log and so no reports. In a room an ackId is the event's sequence.
      ended: (delivery, users) => roomId !== null && reports.ended(roomId, delivery, users),
      confirmedLate: (sequence, user, now) =>
        roomId !== null && reports.confirmedLate(roomId, sequence, user.id, now),
    });
    const subscribed = this.bus.subscribe(roomId === null ? 'lobby' : `room:${roomId}`);
    return new RoomStream(roomId, confirmations, statistics, this.eventLog, clock, this.log, subscribed);
  }
}
