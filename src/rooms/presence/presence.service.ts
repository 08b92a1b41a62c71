import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { type Observable, Subject } from 'rxjs';
import { userColumns, userView } from '../../auth/users.js';
import { SETTINGS } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import type { User } from '../../contract/index.js';
import type { Database, Trx } from '../../database/database.js';
import { prepare } from '../../database/prepared.js';
import { asProblem } from '../../errors/as-problem.js';
import { EventBroadcasterService } from '../../events/event-broadcaster.service.js';
import { BoundedLimiter } from '../../limits/bounded-limiter.js';
import { ListenerCounts } from './listener-counts.js';
import { onlineCount, type PresenceEntry, PresenceWriter } from './presence-writer.js';

/** How long a user whose connection was lost still counts as online, so that a short interruption raises no event. */
export const presenceGraceMs = 5000;
/** The pause between two batches of a room; connections that open or end in it are written in one transaction. */
const batchDelayMs = 50;
const maxBatch = 500;
/** Disconnects on purpose of one user in one room that take effect at once; further ones get the grace period. */
const promptLeaves = { points: 5, durationSeconds: 60 };

interface Waiting extends PresenceEntry {
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Tracks which users are connected to which rooms, over all of their connections and all nodes. Connections are rows in
 * the database, written in the same transaction as their events, so that a room's state and its log agree. Changes are
 * written in batches per room, with a lower priority than commands.
 */
@Injectable()
export class PresenceService {
  readonly #evicted = new Subject<void>();
  /** Emits when other nodes considered this node dead and removed its connections: clients must reconnect. */
  readonly evicted: Observable<void> = this.#evicted.asObservable();
  readonly #promptLeaves = new BoundedLimiter(promptLeaves);
  /** Entries for the next batch, by room. A room has a list as long as `#writeBatches` runs for it. */
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #writing = new Set<Promise<void>>();
  /** Grace timers of lost connections, by room and user, then by connection id. */
  readonly #lost = new Map<string, Map<string, NodeJS.Timeout>>();
  #stopped = false;

  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly writer: PresenceWriter,
    private readonly counts: ListenerCounts,
    @Inject(SETTINGS) private readonly settings: Settings,
    @InjectPinoLogger(PresenceService.name) private readonly log: PinoLogger,
  ) {}

  /** A connection opened. Resolves once it is written. @throws {Problem} room_not_found, not_a_participant */
  connected(roomId: string, user: User, connectionId: string): Promise<void> {
    const written = this.#enqueue(roomId, { kind: 'connected', user, connectionId });
    // In the same batch, so that a reconnect takes one transaction and raises no event.
    for (const lostId of this.#takeLost(roomId, user.id)) this.#remove(roomId, user, lostId);
    return written;
  }

  /** The client closed the connection, or was removed: takes effect at once, unless it happens too often. */
  async left(roomId: string, user: User, connectionId: string): Promise<void> {
    if (this.#stopped) return;
    this.counts.remove(roomId, connectionId);
    if (this.settings.rateLimit) {
      const waitMs = await this.#promptLeaves.consume(`${roomId} ${user.id}`);
      if (waitMs > 0) return this.#startGrace(roomId, user, connectionId);
    }
    this.#remove(roomId, user, connectionId);
  }

  /** The connection was lost: it is removed after the grace period, unless the user reconnects before. */
  lost(roomId: string, user: User, connectionId: string): void {
    this.counts.remove(roomId, connectionId);
    this.#startGrace(roomId, user, connectionId);
  }

  /** Removes a connection of a dead node. Resolves once that is written. @throws {Problem} room_not_found */
  removeOfDeadNode(roomId: string, user: User, connectionId: string): Promise<void> {
    return this.#enqueue(roomId, { kind: 'disconnected', user, connectionId });
  }

  /** To be called when other nodes have removed the connections of this node. */
  evict(): void {
    this.#evicted.next();
  }

  /**
   * For shutdown: writes what is waiting and leaves lost connections in the database. Their users may reconnect to the
   * next process within the grace period; it removes the others.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const lost of this.#lost.values()) for (const timer of lost.values()) clearTimeout(timer);
    this.#lost.clear();
    while (this.#writing.size > 0) await Promise.all(this.#writing);
  }

  /** The users with at least one connection to the room. */
  async online(trx: Trx, roomId: string): Promise<User[]> {
    return (await selectOnline.all(trx, { roomId })).map(userView);
  }

  onlineCount(trx: Trx, roomId: string): Promise<number> {
    return onlineCount(trx, roomId);
  }

  /** A page of the users who are online in the room, in the order of their ids, after the user with the id `after`. */
  async onlinePage(trx: Trx, roomId: string, after: string, limit: number) {
    const rows = await selectOnlinePage.all(trx, { roomId, after, limit: limit + 1 });
    const users: User[] = rows.slice(0, limit).map(userView);
    return { users, more: rows.length > limit, online_count: await onlineCount(trx, roomId) };
  }

  #startGrace(roomId: string, user: User, connectionId: string): void {
    if (this.#stopped) return;
    const key = `${roomId} ${user.id}`;
    const timer = setTimeout(() => {
      lost.delete(connectionId);
      if (lost.size === 0 && this.#lost.get(key) === lost) this.#lost.delete(key);
      this.#remove(roomId, user, connectionId);
    }, presenceGraceMs);
    const lost = this.#lost.get(key) ?? new Map<string, NodeJS.Timeout>();
    this.#lost.set(key, lost);
    lost.set(connectionId, timer);
  }

  #takeLost(roomId: string, userId: string): string[] {
    const key = `${roomId} ${userId}`;
    const lost = this.#lost.get(key);
    if (!lost) return [];
    this.#lost.delete(key);
    for (const timer of lost.values()) clearTimeout(timer);
    return [...lost.keys()];
  }

  #remove(roomId: string, user: User, connectionId: string): void {
    this.#enqueue(roomId, { kind: 'disconnected', user, connectionId }).catch((err: unknown) => {
      // The room was deleted, and the rows of its connections with it.
      if (asProblem(err).code === 'room_not_found') return;
      this.log.error({ err, room_id: roomId }, 'the end of a connection could not be written; trying again');
      this.#startGrace(roomId, user, connectionId);
    });
  }

  #enqueue(roomId: string, entry: PresenceEntry): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(roomId);
      const waitingEntry: Waiting = { ...entry, resolve, reject };
      if (waiting) {
        waiting.push(waitingEntry);
        return;
      }
      this.#waiting.set(roomId, [waitingEntry]);
      const writing = this.#writeBatches(roomId);
      this.#writing.add(writing);
      void writing.finally(() => this.#writing.delete(writing));
    });
  }

  /** Writes batches until none is waiting. The first one is written without delay. */
  async #writeBatches(roomId: string): Promise<void> {
    const waiting = this.#waiting.get(roomId)!;
    // Let the current synchronous code finish, so that entries that it adds are in the first batch.
    await Promise.resolve();
    while (waiting.length > 0) {
      await this.#writeBatch(roomId, waiting);
      if (!this.#stopped) await new Promise((resolve) => setTimeout(resolve, batchDelayMs));
    }
    this.#waiting.delete(roomId);
  }

  async #writeBatch(roomId: string, waiting: Waiting[]): Promise<void> {
    let batch: Waiting[] = [];
    try {
      const { refused, summarized } = await this.broadcaster.roomChange(
        roomId,
        (change) => {
          // Taken under the room's lock, so that it includes entries that arrived while waiting for the lock.
          batch = waiting.splice(0, maxBatch);
          return this.writer.write(change, batch);
        },
        'low',
      );
      for (const entry of batch) {
        const problem = refused.get(entry);
        if (problem) entry.reject(problem);
        else entry.resolve();
      }
      if (summarized) this.counts.announce(roomId);
    } catch (error) {
      if (batch.length === 0) batch = waiting.splice(0, maxBatch);
      for (const { reject } of batch) reject(error);
    }
  }
}

const online = (db: Database['db'], roomId: string) =>
  db
    .selectFrom('connections')
    .innerJoin('users', 'users.id', 'connections.user_id')
    .select(userColumns)
    .distinct()
    .where('connections.room_id', '=', roomId)
    .orderBy('users.id');

const selectOnline = prepare((db, { roomId }: { roomId: string }) => online(db, roomId));

const selectOnlinePage = prepare(
  (db, { roomId, after, limit }: { roomId: string; after: string; limit: number }) =>
    online(db, roomId).where('connections.user_id', '>', after).limit(limit),
);
