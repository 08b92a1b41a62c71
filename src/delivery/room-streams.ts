import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { SessionsService } from '../auth/sessions.service.js';
import { Problem } from '../errors/problem.js';
import { makeEvent } from '../events/envelope.js';
import { type Broadcast, EventBroadcasterService } from '../events/event-broadcaster.service.js';
import type { Connection } from './connection.js';
import { FanOut } from '../gateway/fan-out.js';
import { totalBudgetBytes } from './backpressure.js';
import { FeedContext } from '../gateway/feed-context.js';
import { RoomFeed } from './room-stream.js';

/** How often unconfirmed events are looked at, in milliseconds; connections and the logs' heads less often. */
const sweepEvery = 50;
const sweepsPerLook = 5;
const sweepsPerHeadCheck = 20;

/** All of this node's connections: the rooms' feeds, and the lobby. Takes what the broadcaster sends. */
@Injectable()
export class RoomFeedsService implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #feeds = new Map<string, RoomFeed>();
  readonly #lobby: FanOut;
  #timer: NodeJS.Timeout | undefined;
  #sweeps = 0;
  #checking = false;
  /** Rooms that the last look did not find. */
  #gone: ReadonlySet<string> = new Set();

  constructor(
    private readonly context: FeedContext,
    private readonly broadcaster: EventBroadcasterService,
    private readonly sessions: SessionsService,
  ) {
    this.#lobby = new FanOut('/', null, this.context);
  }

  onApplicationBootstrap(): void {
    this.broadcaster.broadcasts.subscribe((broadcast) => this.#take(broadcast));
    this.sessions.ended.subscribe((sessionId) => this.#endSession(sessionId));
    this.#timer = setInterval(() => this.#sweep(), sweepEvery);
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
  }

  /** Resolves once what became of the last deliveries is written down. */
  flush(): Promise<void> {
    return this.context.reports.flush();
  }

  /** Puts a connection into its room's stream; it receives nothing until it is established. */
  async attach(roomId: string, connection: Connection): Promise<RoomFeed> {
    let feed = this.#feeds.get(roomId);
    if (!feed) {
      feed = new RoomFeed(roomId, this.context);
      this.context.reports.watch(roomId, feed.fanOut.deliveries);
      this.#feeds.set(roomId, feed);
    }
    feed.fanOut.add(connection);
    try {
      await feed.opened;
    } catch (error) {
      // The next one tries anew.
      this.detach(roomId, connection);
      if (this.#feeds.get(roomId) === feed) this.#close(feed);
      throw error;
    }
    return feed;
  }

  detach(roomId: string, connection: Connection): void {
    const feed = this.#feeds.get(roomId);
    if (!feed?.fanOut.remove(connection)) return;
    if (feed.connections.size === 0) this.#close(feed);
  }

  enterLobby(connection: Connection): void {
    this.#lobby.add(connection);
  }

  leaveLobby(connection: Connection): void {
    this.#lobby.remove(connection);
  }

  /** How many connections a user has here: in a room, or in the lobby. */
  count(userId: string, roomId: string | null): number {
    const connections =
      roomId === null ? this.#lobby.connections : (this.#feeds.get(roomId)?.connections ?? []);
    let count = 0;
    for (const { user } of connections) if (user.id === userId) count += 1;
    return count;
  }

  /** What is held for rooms and connections, for checks and metrics. */
  get size(): { rooms: number; connections: number; outstanding: number } {
    let { size: connections } = this.#lobby.connections;
    let { outstanding } = this.#lobby.deliveries;
    for (const { fanOut } of this.#feeds.values()) {
      connections += fanOut.connections.size;
      outstanding += fanOut.deliveries.outstanding;
    }
    return { rooms: this.#feeds.size, connections, outstanding };
  }

  /** The same of one room. */
  sizeOf(roomId: string): { connections: number; outstanding: number } {
    const fanOut = this.#feeds.get(roomId)?.fanOut;
    return { connections: fanOut?.connections.size ?? 0, outstanding: fanOut?.deliveries.outstanding ?? 0 };
  }

  /** Everyone is disconnected, and comes back where there is a server. */
  closeAll(): void {
    for (const connection of [...this.all()]) connection.close('reconnect');
  }

  *all(): Iterable<Connection> {
    yield* this.#lobby.connections;
    for (const feed of this.#feeds.values()) yield* feed.connections;
  }

  #take(broadcast: Broadcast): void {
    try {
      this.#deliver(broadcast);
    } catch (err) {
      // A fault in sending must not reach the feature whose change this is: the change stands.
      this.context.log.error({ err, event_id: broadcast.event.event_id }, 'an event could not be sent');
    }
  }

  #deliver(broadcast: Broadcast): void {
    const { event } = broadcast;
    switch (broadcast.to) {
      case 'room': {
        const feed = this.#feeds.get(broadcast.roomId);
        if (feed) feed.accept(event);
        else if (broadcast.path === 'local') {
          this.context.statistics.count('events', event.type, broadcast.roomId);
        }
        return;
      }
      case 'lobby':
        this.#lobby.emit(event);
        return;
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
        this.#lobby.emit(event);
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
    connection.sendAlone(makeEvent('error', null, this.context.now(), body));
    connection.close();
  }

  #close(feed: RoomFeed): void {
    feed.fanOut.deliveries.clear();
    this.context.reports.unwatch(feed.roomId);
    this.#feeds.delete(feed.roomId);
  }

  #sweep(): void {
    const now = this.context.now();
    this.#lobby.deliveries.sweep(now);
    for (const { fanOut } of [...this.#feeds.values()]) fanOut.deliveries.sweep(now);
    this.#sweeps += 1;
    if (this.#sweeps % sweepsPerLook === 0) this.#look(now);
    if (this.#sweeps % sweepsPerHeadCheck === 0) void this.#checkHeads();
  }

  #look(now: number): void {
    this.context.statistics.age(now);
    const behind: { connection: Connection; bytes: number }[] = [];
    for (const connection of [...this.all()]) {
      connection.sweep(now);
      if (connection.caller.expiresAt <= now) this.#signOff(connection);
      if (!connection.wire.idle) behind.push({ connection, bytes: connection.wire.waitingBytes });
    }
    this.#limitTotal(behind);
  }

  /** Closes the connections with the most unread bytes until all together are within the limit. */
  #limitTotal(behind: { connection: Connection; bytes: number }[]): void {
    let total = behind.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total <= totalBudgetBytes) return;
    behind.sort((a, b) => b.bytes - a.bytes);
    for (const { connection, bytes } of behind) {
      if (total <= totalBudgetBytes) return;
      connection.closeAsSlow();
      total -= bytes;
    }
  }

  /** The rooms are gone; only at the second look, for the event that says so may be on its way. */
  #turnAway(gone: string[]): void {
    const problem = new Problem('room_not_found', 'The room was deleted.');
    for (const roomId of gone) if (this.#gone.has(roomId)) this.#feeds.get(roomId)?.close(problem);
    this.#gone = new Set(gone);
  }

  /** One question for all rooms that have listeners here. */
  async #checkHeads(): Promise<void> {
    if (this.#checking || this.#feeds.size === 0) return;
    this.#checking = true;
    try {
      const asked = [...this.#feeds.keys()];
      const heads = await this.context.eventLog.heads(asked);
      for (const [roomId, head] of heads) await this.#feeds.get(roomId)?.catchUpTo(head);
      this.#turnAway(asked.filter((roomId) => !heads.has(roomId)));
    } catch (err) {
      this.context.log.warn({ err }, 'the logs could not be looked at; trying again');
    } finally {
      this.#checking = false;
    }
  }
}
