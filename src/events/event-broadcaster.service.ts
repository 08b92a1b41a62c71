import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { filter, map, type Observable, Subject } from 'rxjs';
import { Clock } from '../config/clock.js';
import type { EventData, EventType, RoomEvent } from '../contract/index.js';
import { Database, type Trx } from '../database/database.js';
import { forUpdate } from '../database/dialects.js';
import { prepare } from '../database/prepared.js';
import type { RoomRow } from '../database/schema.js';
import { Problem } from '../errors/problem.js';
import { makeEvent } from './envelope.js';
import { GuardedBus } from './bus/guarded-bus.js';
import { EventLog } from './event-log.js';
import { KeyedLock, type LockPriority } from './keyed-lock.js';
import { checkPayload } from '../contract/payload-check.js';
import { RetentionService } from './retention.service.js';
import { type Outgoing, RoomChange } from './room-change.js';
import { Statistics } from '../metrics/statistics.js';

/** To one user's connections: in one room, or in all rooms and the lobby. */
export interface ToUser {
  to: 'user';
  userId: string;
  roomId: string | null;
  event: RoomEvent;
}

/** To every connection. */
export interface ToAll {
  to: 'all';
  event: RoomEvent<'server_status'>;
}

export type Broadcast = (Outgoing | ToUser | ToAll) & { path: 'local' | 'bus' };

/** Work in the same transaction as an event that another feature raised. */
export type Reaction<T extends EventType> = (change: RoomChange, event: RoomEvent<T>) => Promise<void>;

/** Changes that begin within this time of a turn of the event loop run in that turn; later ones in the next. */
const turnBudgetMs = 4;

/**
 * The only way to change a room. Features write rows and raise events in one transaction (`roomChange`); after the
 * commit the events are emitted on `events$`, in the order of the commits, and published to the other nodes on the
 * bus. Injected by the rooms, tracks and playback modules; `RoomGateway` and `OpenTransfers` subscribe to `events$`.
 */
@Injectable()
export class EventBroadcasterService {
  readonly #events = new Subject<Broadcast>();
  readonly #reactions = new Map<EventType, Reaction<EventType>[]>();
  readonly #rooms = new KeyedLock();
  /** When the first change in this turn of the event loop began. */
  #turnBegan: number | undefined;

  /** Committed and unlogged events for this node's connections, from here and from other nodes. */
  readonly events$: Observable<Broadcast> = this.#events.asObservable();

  constructor(
    private readonly database: Database,
    private readonly eventLog: EventLog,
    private readonly retention: RetentionService,
    private readonly bus: GuardedBus,
    private readonly statistics: Statistics,
    private readonly clock: Clock,
    @InjectPinoLogger(EventBroadcasterService.name) private readonly log: PinoLogger,
  ) {
    bus.onMessage((message) => {
      statistics.countNode('arrived_bus');
      this.#events.next({ ...message, path: 'bus' });
    });
    bus.onHealth((healthy) =>
      healthy
        ? this.serverStatus('ok', 'All paths work again.')
        : this.serverStatus(
            'degraded',
            'The bus to the other nodes does not work; their events arrive with a delay.',
          ),
    );
  }

  /** The events of one type, from this node and others. */
  ofType<T extends EventType>(type: T): Observable<RoomEvent<T>> {
    return this.events$.pipe(
      map(({ event }) => event),
      filter((event): event is RoomEvent<T> => event.type === type),
    );
  }

  /**
   * Changes a room: `work` writes rows and raises events in one transaction that locks the room's row. Returns
   * after the commit and after the events have been handed to this node's gateway.
   * @param priority `low` for changes without a waiting caller (presence): commands of the room run first
   * @throws {Problem} room_not_found; or what `work` throws, and then nothing has happened
   */
  roomChange<R>(
    roomId: string,
    work: (change: RoomChange) => Promise<R>,
    priority: LockPriority = 'high',
  ): Promise<R> {
    return this.#change(roomId, work, (trx) => lockRoom.first(trx, { roomId }), priority);
  }

  /** Creates a room, and runs `work` in the same transaction. */
  newRoom<R>(room: Omit<RoomRow, 'sequence'>, work: (change: RoomChange) => Promise<R>): Promise<R> {
    return this.#change(
      room.id,
      work,
      (trx) => trx.insertInto('rooms').values(room).returningAll().executeTakeFirst(),
      'high',
    );
  }

  /**
   * Runs `reaction` in the same transaction whenever an event of this type is raised. Features depend on each other's
   * events in this way, not on each other.
   */
  react<T extends EventType>(type: T, reaction: Reaction<T>): void {
    const known = this.#reactions.get(type) ?? [];
    this.#reactions.set(type, [...known, reaction as unknown as Reaction<EventType>]);
  }

  /** Sends an unlogged event to one user's connections. */
  toUser<T extends 'error'>(userId: string, roomId: string | null, type: T, data: EventData<T>): void {
    checkPayload(type, data);
    const event = makeEvent(type, roomId, this.clock.now(), data);
    this.#events.next({ to: 'user', userId, roomId, event, path: 'local' });
  }

  /** An `error` event for one user: in one room, or in all rooms and the lobby. */
  error(userId: string, roomId: string | null, problem: Problem): void {
    this.toUser(userId, roomId, 'error', problem.body);
  }

  /** Sends the server's status to every connection of this node. */
  serverStatus(status: EventData<'server_status'>['status'], message: string): void {
    const data = { status, message };
    checkPayload('server_status', data);
    const event = makeEvent('server_status', null, this.clock.now(), data);
    this.#events.next({ to: 'all', event, path: 'local' });
  }

  async #change<R>(
    roomId: string,
    work: (change: RoomChange) => Promise<R>,
    take: (trx: Trx) => Promise<RoomRow | undefined>,
    priority: LockPriority,
  ): Promise<R> {
    const inRoom = async () => {
      await this.#yieldToEventLoop();
      const committed = await this.database.write(async (trx) => {
        const room = await take(trx);
        if (!room) throw new Problem('room_not_found', 'There is no such room.');
        const change = new RoomChange(trx, room, this.clock.now());
        const result = await work(change);
        await this.#runReactions(change);
        await this.#writeLog(change);
        return { result, change };
      });
      // After the commit: a change that is rolled back raises no events.
      for (const outgoing of committed.change.outgoing) this.#publish(outgoing);
      return committed;
    };
    const { result, change } = await this.#rooms.run(roomId, inRoom, priority);
    if (!change.deleted) this.retention.advanced(roomId, change.room.sequence, change.sequence);
    for (const work of change.afterCommit) {
      // The change is committed: a failure here cannot undo it.
      await work().catch((err: unknown) =>
        this.log.error({ err, room_id: roomId }, 'work after a change failed'),
      );
    }
    return result;
  }

  /**
   * SQLite is synchronous: many changes at once would queue events without the sockets being flushed in between, and
   * listeners that keep up would look slow.
   */
  async #yieldToEventLoop(): Promise<void> {
    const now = performance.now();
    if (this.#turnBegan === undefined) {
      this.#turnBegan = now;
      setImmediate(() => (this.#turnBegan = undefined));
    }
    if (now - this.#turnBegan >= turnBudgetMs) await new Promise((resolve) => setImmediate(resolve));
  }

  async #runReactions(change: RoomChange): Promise<void> {
    // `outgoing` grows while it is iterated: reactions may raise events, which have reactions too.
    for (const outgoing of change.outgoing) {
      if (outgoing.to !== 'room') continue;
      for (const reaction of this.#reactions.get(outgoing.event.type) ?? []) {
        await reaction(change, outgoing.event);
      }
    }
  }

  async #writeLog(change: RoomChange): Promise<void> {
    const { trx, room, sequence } = change;
    if (change.deleted) {
      await trx.deleteFrom('rooms').where('id', '=', room.id).execute();
      return;
    }
    if (sequence === room.sequence) return;
    const logged = change.outgoing.flatMap(({ to, event }) =>
      to === 'room' && event.metadata.sequence !== undefined ? [event] : [],
    );
    await this.eventLog.append(trx, room.id, logged);
    await advanceRoom.all(trx, { roomId: room.id, sequence });
  }

  #publish(outgoing: Outgoing): void {
    this.statistics.countNode('arrived_local');
    this.#events.next({ ...outgoing, path: 'local' });
    // Not awaited: other nodes read from the log what the bus loses.
    this.bus.publish(outgoing);
  }
}

/** Locks the room's row before anything is read, so that commits and sequences have the same order. */
const lockRoom = prepare((db, { roomId }: { roomId: string }) =>
  forUpdate(db, db.selectFrom('rooms').selectAll().where('id', '=', roomId)),
);

const advanceRoom = prepare((db, { roomId, sequence }: { roomId: string; sequence: number }) =>
  db.updateTable('rooms').set({ sequence }).where('id', '=', roomId),
);
