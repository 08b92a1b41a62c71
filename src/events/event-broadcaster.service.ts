import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { filter, map, type Observable, Subject } from 'rxjs';
import { Clock } from '../config/clock.js';
import type { EventData, EventType, RoomEvent } from '../contract/index.js';
import { checkPayload } from '../contract/payload-check.js';
import type { Trx } from '../database/database.js';
import { forUpdate } from '../database/dialects.js';
import { prepare } from '../database/prepared.js';
import type { RoomFields, RoomRow } from '../database/schema.js';
import { Problem } from '../errors/problem.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import { Statistics } from '../metrics/statistics.js';
import { GuardedBus } from './bus/guarded-bus.js';
import { makeEvent } from './envelope.js';
import { newEpoch } from './epoch.js';
import type { LockPriority } from './keyed-lock.js';
import type { Outgoing, Reaction, RoomChange } from './room-change.js';
import { type RoomTransaction, RoomTransactions } from './room-transactions.js';

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

/**
 * The only way to change a room. Features write rows and raise events in one transaction (`roomChange`); after the
 * commit the events are emitted on `events$`, in the order of the commits, and published to the other nodes on the
 * bus. Injected by the rooms, tracks and playback modules; `RoomGateway`, `OpenTransfers` and `LogContinuity` subscribe to
 * `events$`.
 */
@Injectable()
export class EventBroadcasterService {
  readonly #events = new Subject<Broadcast>();

  /** Committed and unlogged events for this node's connections, from here and from other nodes. */
  readonly events$: Observable<Broadcast> = this.#events.asObservable();

  constructor(
    private readonly transactions: RoomTransactions,
    private readonly idempotency: IdempotencyService,
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
    return this.#change({
      roomIds: [roomId],
      take: (trx) => lockRoom.all(trx, { roomId }),
      work: (_, [change]) => {
        if (!change) throw new Problem('room_not_found', 'There is no such room.');
        return work(change);
      },
      priority,
    });
  }

  /**
   * A room change by a command of a client, once in each request: `work` returns the answer. If the request has an
   * `Idempotency-Key`, the answer is kept in the same transaction, and a repeat gets it without running `work`.
   * @throws {Problem} as `roomChange`; idempotency_key_reused, rate_limited
   */
  roomCommand<R extends object>(roomId: string, work: (change: RoomChange) => Promise<R>): Promise<R> {
    return this.roomChange(roomId, (change) => this.idempotency.once(change.trx, () => work(change)));
  }

  /** Creates a room by a command, as `roomCommand`. */
  newRoom<R extends object>(fields: RoomFields, work: (change: RoomChange) => Promise<R>): Promise<R> {
    const row = { ...fields, epoch: newEpoch() };
    return this.#change({
      roomIds: [row.id],
      take: (trx) => trx.insertInto('rooms').values(row).returningAll().execute(),
      work: (trx, [change]) => this.idempotency.once(trx, () => work(change!)),
      priority: 'high',
    });
  }

  /**
   * Changes several rooms in one transaction. Rooms that do not exist are left out.
   * @param work runs while all of them are locked; raises events with the room's change
   */
  roomChanges<R>(
    roomIds: readonly string[],
    work: (trx: Trx, changes: readonly RoomChange[]) => Promise<R>,
  ): Promise<R> {
    return this.#change({ roomIds, take: (trx) => lockRooms(trx, roomIds), work, priority: 'high' });
  }

  /**
   * Runs `reaction` in the same transaction whenever an event of this type is raised. Features depend on each other's
   * events in this way, not on each other.
   */
  react<T extends EventType>(type: T, reaction: Reaction<T>): void {
    this.transactions.react(type, reaction);
  }

  /** Sends an unlogged event that changes nothing to everyone in a room. */
  notify<T extends 'reaction_sent'>(roomId: string, type: T, data: EventData<T>): void {
    checkPayload(type, data);
    this.#publish({ to: 'room', roomId, event: makeEvent(type, roomId, this.clock.now(), data) });
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

  async #change<R>(transaction: Omit<RoomTransaction<R>, 'committed'>): Promise<R> {
    const { result, changes } = await this.transactions.run({
      ...transaction,
      committed: (committed) => {
        for (const { outgoing } of committed) for (const each of outgoing) this.#publish(each);
      },
    });
    for (const { room, afterCommit } of changes) {
      for (const work of afterCommit) {
        // The change is committed: a failure here cannot undo it.
        await work().catch((err: unknown) =>
          this.log.error({ err, room_id: room.id }, 'work after a change failed'),
        );
      }
    }
    return result;
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

/** The same for several, in the order of their ids, so that two such transactions do not wait for each other. */
async function lockRooms(trx: Trx, roomIds: readonly string[]): Promise<RoomRow[]> {
  const ids = [...roomIds].sort();
  const rows: RoomRow[] = [];
  // In batches: the number of parameters of a statement is limited.
  for (let from = 0; from < ids.length; from += 500) {
    const batch = trx
      .selectFrom('rooms')
      .selectAll()
      .where('id', 'in', ids.slice(from, from + 500));
    rows.push(...(await forUpdate(trx, batch.orderBy('id')).execute()));
  }
  return rows;
}
