import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { Subscription } from 'rxjs';
import { SessionsService } from '../auth/sessions.service.js';
import { Clock } from '../config/clock.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors/problem.js';
import { makeEvent } from '../events/envelope.js';
import { type Broadcast, EventBroadcasterService } from '../events/event-broadcaster.service.js';
import { EventLog } from '../events/event-log.js';
import { Connection, encodeEvent } from './connection.js';
import type { Frame } from './frame.js';
import { RoomFeed } from './room-feed.js';

/** How often closings, expired tokens and the logs' heads are looked at, in milliseconds. */
const sweepEvery = 250;
const sweepsPerHeadCheck = 4;

/** All of this node's connections: the rooms' feeds, and the lobby. Takes what the broadcaster sends. */
@Injectable()
export class RoomFeedsService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #feeds = new Map<string, RoomFeed>();
  readonly #lobby = new Set<Connection>();
  readonly #subscriptions: Subscription[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sweeps = 0;
  #checking = false;

  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly eventLog: EventLog,
    private readonly database: Database,
    private readonly sessions: SessionsService,
    private readonly clock: Clock,
    @InjectPinoLogger(RoomFeedsService.name) private readonly log: PinoLogger,
  ) {}

  onApplicationBootstrap(): void {
    this.#subscriptions.push(
      this.broadcaster.broadcasts.subscribe((broadcast) => this.#take(broadcast)),
      this.sessions.ended.subscribe((sessionId) => this.#endSession(sessionId)),
    );
    this.#timer = setInterval(() => this.#sweep(), sweepEvery);
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
  }

  /** Puts a connection into its room's stream; it receives nothing until it is established. */
  async attach(roomId: string, connection: Connection): Promise<RoomFeed> {
    let feed = this.#feeds.get(roomId);
    if (!feed) {
      feed = new RoomFeed(roomId, {
        database: this.database,
        eventLog: this.eventLog,
        now: () => this.clock.now(),
        onError: (err, room_id) =>
          this.log.error({ err, room_id }, 'the log could not be read; trying again'),
      });
      this.#feeds.set(roomId, feed);
    }
    feed.connections.add(connection);
    try {
      await feed.opened;
    } catch (error) {
      // The next one tries anew.
      this.detach(roomId, connection);
      if (this.#feeds.get(roomId) === feed) this.#feeds.delete(roomId);
      throw error;
    }
    return feed;
  }

  detach(roomId: string, connection: Connection): void {
    const feed = this.#feeds.get(roomId);
    if (!feed?.connections.delete(connection)) return;
    if (feed.connections.size === 0) this.#feeds.delete(roomId);
  }

  enterLobby(connection: Connection): void {
    this.#lobby.add(connection);
  }

  leaveLobby(connection: Connection): void {
    this.#lobby.delete(connection);
  }

  /** How many connections a user has here: in a room, or in the lobby. */
  count(userId: string, roomId: string | null): number {
    const connections = roomId === null ? this.#lobby : (this.#feeds.get(roomId)?.connections ?? []);
    let count = 0;
    for (const { caller } of connections) if (caller.user.id === userId) count += 1;
    return count;
  }

  /** What is held for rooms and connections, for checks and metrics. */
  get size(): { rooms: number; connections: number } {
    let connections = this.#lobby.size;
    for (const feed of this.#feeds.values()) connections += feed.connections.size;
    return { rooms: this.#feeds.size, connections };
  }

  *all(): Iterable<Connection> {
    yield* this.#lobby;
    for (const feed of this.#feeds.values()) yield* feed.connections;
  }

  #take(broadcast: Broadcast): void {
    try {
      this.#deliver(broadcast);
    } catch (err) {
      // A fault in sending must not reach the feature whose change this is: the change stands.
      this.log.error({ err, event_id: broadcast.event.event_id }, 'an event could not be sent');
    }
  }

  #deliver(broadcast: Broadcast): void {
    const { event } = broadcast;
    switch (broadcast.to) {
      case 'room':
        this.#feeds.get(broadcast.roomId)?.accept(event);
        return;
      case 'lobby': {
        let frame: Frame | undefined;
        const encode = () => (frame ??= encodeEvent('/', event, this.clock.now()));
        for (const connection of this.#lobby) connection.offer(event, encode);
        return;
      }
      case 'user':
        for (const connection of this.#ofRoomOrAll(broadcast.roomId)) {
          if (connection.caller.user.id === broadcast.userId) connection.sendAlone(event);
        }
        return;
      case 'all': {
        const { status, message } = broadcast.event.data;
        for (const feed of this.#feeds.values()) {
          const data = { status, message, sequence: feed.passed };
          feed.accept(makeEvent('server_status', feed.roomId, event.data.timestamp, data));
        }
        for (const connection of this.#lobby) connection.sendAlone(event);
        return;
      }
    }
  }

  #ofRoomOrAll(roomId: string | null): Iterable<Connection> {
    return roomId === null ? this.all() : (this.#feeds.get(roomId)?.connections ?? []);
  }

  #endSession(sessionId: string): void {
    for (const connection of [...this.all()]) {
      if (connection.caller.sessionId === sessionId) this.#signOff(connection);
    }
  }

  #signOff(connection: Connection): void {
    const { body } = new Problem('session_ended', 'The token was revoked or has expired: sign in again.');
    connection.sendAlone(makeEvent('error', null, this.clock.now(), body));
    connection.close();
  }

  #sweep(): void {
    const now = this.clock.now();
    for (const connection of [...this.all()]) {
      connection.sweep(now);
      if (connection.caller.expiresAt <= now) this.#signOff(connection);
    }
    if (++this.#sweeps % sweepsPerHeadCheck === 0) void this.#checkHeads();
  }

  /** One question for all rooms that have listeners here. */
  async #checkHeads(): Promise<void> {
    if (this.#checking || this.#feeds.size === 0) return;
    this.#checking = true;
    try {
      const heads = await this.eventLog.heads([...this.#feeds.keys()]);
      for (const [roomId, head] of heads) await this.#feeds.get(roomId)?.catchUpTo(head);
    } catch (err) {
      this.log.warn({ err }, 'the logs could not be looked at; trying again');
    } finally {
      this.#checking = false;
    }
  }
}
