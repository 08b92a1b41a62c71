import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { type Observable, Subject } from 'rxjs';
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
import { checkPayload } from './payload-check.js';
import { RetentionService } from './retention.service.js';
import { type Outgoing, RoomChange } from './room-change.js';
import { Statistics } from '../metrics/statistics.js';

/** To one user's connections: in one room, or wherever they are. */
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

/** More work in the same transaction, caused by an event that another feature raised. */
export type Reaction<T extends EventType> = (change: RoomChange, event: RoomEvent<T>) => Promise<void>;

/** For how long changes may begin in one turn of the loop, in milliseconds. */
const longestTurn = 4;

/**
 * The one way for anything to happen in a room. Features change a room here and raise events with the change;
 * what is committed goes out on `broadcasts`, in the order of commit, and to the other nodes over the bus.
 */
@Injectable()
export class EventBroadcasterService implements OnApplicationShutdown {
  readonly #broadcasts = new Subject<Broadcast>();
  readonly #reactions = new Map<EventType, Reaction<EventType>[]>();
  readonly #rooms = new KeyedLock();
  /** When the first change of this turn of the loop began. */
  #turnBegan: number | undefined;

  /** What goes out, for the gateway. Ends with the server. */
  readonly broadcasts: Observable<Broadcast> = this.#broadcasts.asObservable();

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
      this.#broadcasts.next({ ...message, path: 'bus' });
    });
    bus.onHealth((healthy) =>
      healthy
        ? this.serverStatus('ok', 'All paths work again.')
        : this.serverStatus(
            'degraded',
            'The bus to the other nodes fails; events of other nodes come a moment later.',
          ),
    );
  }

  /**
   * Changes a room: `work` writes rows and raises events in one transaction that holds the room's row. Returns
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

  /** Makes a room, and does the rest of what belongs to making it in the same transaction. */
  newRoom<R>(room: Omit<RoomRow, 'sequence'>, work: (change: RoomChange) => Promise<R>): Promise<R> {
    return this.#change(
      room.id,
      work,
      (trx) => trx.insertInto('rooms').values(room).returningAll().executeTakeFirst(),
      'high',
    );
  }

  /**
   * Has `reaction` run in the same transaction whenever an event of this type is raised: how features answer
   * each other without knowing each other.
   */
  react<T extends EventType>(type: T, reaction: Reaction<T>): void {
    const known = this.#reactions.get(type) ?? [];
    this.#reactions.set(type, [...known, reaction as unknown as Reaction<EventType>]);
  }

  /** Tells one user of something that concerns nobody else. Not logged. */
  toUser<T extends 'error'>(userId: string, roomId: string | null, type: T, data: EventData<T>): void {
    checkPayload(type, data);
    const event = makeEvent(type, roomId, this.clock.now(), data);
    this.#broadcasts.next({ to: 'user', userId, roomId, event, path: 'local' });
  }

  /** An `error` event for one user: in one room, or wherever they are connected. */
  error(userId: string, roomId: string | null, problem: Problem): void {
    this.toUser(userId, roomId, 'error', problem.body);
  }

  /** Tells everyone connected to this node how the server is. */
  serverStatus(status: EventData<'server_status'>['status'], message: string): void {
    const data = { status, message };
    checkPayload('server_status', data);
    const event = makeEvent('server_status', null, this.clock.now(), data);
    this.#broadcasts.next({ to: 'all', event, path: 'local' });
  }

  // As late as can be: what ends before it still has something to tell.
  onApplicationShutdown(): void {
    this.#broadcasts.complete();
  }

  async #change<R>(
    roomId: string,
    work: (change: RoomChange) => Promise<R>,
    take: (trx: Trx) => Promise<RoomRow | undefined>,
    priority: LockPriority,
  ): Promise<R> {
    const inRoom = async () => {
      await this.#breathe();
      const committed = await this.database.write(async (trx) => {
        const room = await take(trx);
        if (!room) throw new Problem('room_not_found', 'There is no such room.');
        const change = new RoomChange(trx, room, this.clock.now());
        const result = await work(change);
        await this.#runReactions(change);
        await this.#writeLog(change);
        return { result, change };
      });
      // Only now: a rolled back change is silent.
      for (const outgoing of committed.change.outgoing) this.#send(outgoing);
      return committed;
    };
    const { result, change } = await this.#rooms.run(roomId, inRoom, priority);
    if (!change.deleted) this.retention.advanced(roomId, change.room.sequence, change.sequence);
    for (const work of change.afterCommit) {
      // The change stands whatever becomes of this.
      await work().catch((err: unknown) =>
        this.log.error({ err, room_id: roomId }, 'work after a change failed'),
      );
    }
    return result;
  }

  /**
   * Lets the sockets have their turn. SQLite answers without leaving the loop's turn, so that many changes at once
   * would otherwise be written to sockets that cannot send, and listeners that keep up would look slow.
   */
  async #breathe(): Promise<void> {
    const now = performance.now();
    if (this.#turnBegan === undefined) {
      this.#turnBegan = now;
      setImmediate(() => (this.#turnBegan = undefined));
    }
    if (now - this.#turnBegan >= longestTurn) await new Promise((resolve) => setImmediate(resolve));
  }

  async #runReactions(change: RoomChange): Promise<void> {
    // Reactions may raise events too, which are then reacted to in turn.
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

  #send(outgoing: Outgoing): void {
    this.statistics.countNode('arrived_local');
    this.#broadcasts.next({ ...outgoing, path: 'local' });
    // Nobody waits for the other nodes: they find in the log what the bus loses.
    this.bus.publish(outgoing);
  }
}

/** Takes the room's row: doing so before reading is what makes one order of commit and sequence. */
const lockRoom = prepare((db, { roomId }: { roomId: string }) =>
  forUpdate(db, db.selectFrom('rooms').selectAll().where('id', '=', roomId)),
);

const advanceRoom = prepare((db, { roomId, sequence }: { roomId: string; sequence: number }) =>
  db.updateTable('rooms').set({ sequence }).where('id', '=', roomId),
);
