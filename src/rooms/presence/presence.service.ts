import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { type Observable, Subject } from 'rxjs';
import { userColumns, userView } from '../../auth/users.js';
import { SETTINGS } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import type { User } from '../../contract/index.js';
import type { Trx } from '../../database/database.js';
import { prepare } from '../../database/prepared.js';
import { asProblem } from '../../errors/as-problem.js';
import { EventBroadcasterService } from '../../events/event-broadcaster.service.js';
import { ListenerCounts } from './listener-counts.js';
import { type PresenceEntry, PresenceWriter } from './presence-writer.js';

/** A user whose connection was lost counts as online for this long, so that a short break raises no event. */
export const presenceGraceMs = 5000;
/** Connections of one room that come and go within this time are written in one transaction. */
const gatherMs = 50;
const maxBatch = 500;
/** Clean leaves of a user in a room that are announced at once; further ones have the grace, as lost connections do. */
const promptLeaves = { points: 5, duration: 60 };

interface Waiting extends PresenceEntry {
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Which users are connected to which rooms, over all of their connections and all nodes. Kept in the database next to
 * the log, so that a room's state and its events agree. Batches are gathered by room and yield to commands.
 */
@Injectable()
export class PresenceService {
  readonly #evicted = new Subject<void>();
  /** Other nodes considered this one dead and removed its connections: they have to be opened again. */
  readonly evicted: Observable<void> = this.#evicted.asObservable();
  readonly #promptLeaves = new RateLimiterMemory(promptLeaves);
  /** By room: what waits for its next batch. A room is here while its batches are written. */
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #writing = new Set<Promise<void>>();
  /** Lost connections in their grace, by room and user. */
  readonly #lost = new Map<string, Map<string, NodeJS.Timeout>>();
  #stopped = false;

  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly writer: PresenceWriter,
    private readonly counts: ListenerCounts,
    @Inject(SETTINGS) private readonly settings: Settings,
    @InjectPinoLogger(PresenceService.name) private readonly log: PinoLogger,
  ) {}

  /** Resolves once the connection is written. @throws {Problem} room_not_found, not_a_participant */
  connected(roomId: string, user: User, connectionId: string): Promise<void> {
    const written = this.#enqueue(roomId, { kind: 'connected', user, connectionId });
    // In the same batch, so that a return costs one transaction.
    for (const lostId of this.#takeLost(roomId, user.id)) this.#remove(roomId, user, lostId);
    return written;
  }

  /** The client left on purpose, or was removed: announced at once, unless the user does so again and again. */
  async left(roomId: string, user: User, connectionId: string): Promise<void> {
    if (this.#stopped) return;
    this.counts.remove(roomId, connectionId);
    if (this.settings.rateLimit) {
      const prompt = await this.#promptLeaves.consume(`${roomId} ${user.id}`).then(
        () => true,
        () => false,
      );
      if (!prompt) return this.#startGrace(roomId, user, connectionId);
    }
    this.#remove(roomId, user, connectionId);
  }

  /** The connection broke: the user is gone if they have no other one after the grace. */
  lost(roomId: string, user: User, connectionId: string): void {
    this.counts.remove(roomId, connectionId);
    this.#startGrace(roomId, user, connectionId);
  }

  /** Removes a connection of a node that died. Resolves once it is written. @throws {Problem} room_not_found */
  removeDead(roomId: string, user: User, connectionId: string): Promise<void> {
    return this.#enqueue(roomId, { kind: 'gone', user, connectionId });
  }

  evict(): void {
    this.#evicted.next();
  }

  /**
   * For the end of the process: what waits is written, and lost connections stay in the database. Their users may
   * return to the next process within the grace, which removes those who do not.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const lost of this.#lost.values()) for (const timer of lost.values()) clearTimeout(timer);
    this.#lost.clear();
    while (this.#writing.size > 0) await Promise.all(this.#writing);
  }

  /** Users with at least one connection. */
  async online(trx: Trx, roomId: string): Promise<User[]> {
    return (await selectOnline.all(trx, { roomId })).map(userView);
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
    this.#enqueue(roomId, { kind: 'gone', user, connectionId }).catch((err: unknown) => {
      // The room was deleted, and its connections with it.
      if (asProblem(err).code === 'room_not_found') return;
      this.log.error({ err, room_id: roomId }, 'a disconnection could not be written; trying again');
      this.#startGrace(roomId, user, connectionId);
    });
  }

  #enqueue(roomId: string, entry: PresenceEntry): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(roomId);
      const mine: Waiting = { ...entry, resolve, reject };
      if (waiting) {
        waiting.push(mine);
        return;
      }
      this.#waiting.set(roomId, [mine]);
      const writing = this.#writeBatches(roomId);
      this.#writing.add(writing);
      void writing.finally(() => this.#writing.delete(writing));
    });
  }

  /** The first batch of a quiet room is written at once; those that come while it is written form the next one. */
  async #writeBatches(roomId: string): Promise<void> {
    const waiting = this.#waiting.get(roomId)!;
    // After this turn of the event loop, so that what comes together is written together.
    await Promise.resolve();
    while (waiting.length > 0) {
      await this.#writeBatch(roomId, waiting);
      if (!this.#stopped) await new Promise((resolve) => setTimeout(resolve, gatherMs));
    }
    this.#waiting.delete(roomId);
  }

  async #writeBatch(roomId: string, waiting: Waiting[]): Promise<void> {
    let batch: Waiting[] = [];
    try {
      const { refused, summarized } = await this.broadcaster.roomChange(
        roomId,
        (change) => {
          // Taken under the lock: what came while commands went first is in it.
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

const selectOnline = prepare((db, { roomId }: { roomId: string }) =>
  db
    .selectFrom('connections')
    .innerJoin('users', 'users.id', 'connections.user_id')
    .select(userColumns)
    .distinct()
    .where('connections.room_id', '=', roomId)
    .orderBy('users.id'),
);
