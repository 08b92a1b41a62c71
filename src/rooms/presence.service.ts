import { Injectable } from '@nestjs/common';
import { type Observable, Subject } from 'rxjs';
import { userColumns, userView } from '../auth/users.js';
import { NodeId } from '../config/node-id.js';
import type { User } from '../contract/index.js';
import type { Trx } from '../database/database.js';
import { prepare } from '../database/prepared.js';
import type { Schema } from '../database/schema.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import type { RoomChange } from '../events/room-change.js';
import { RoomAccess } from './room-access.js';

/**
 * Who is connected to which room, over all tabs and nodes: kept in the database beside the log, so that a
 * room's state and its events tell one story.
 */
@Injectable()
export class PresenceService {
  readonly #lost = new Subject<void>();
  /** The other nodes took this one for dead and its connections for closed: they have to be opened anew. */
  readonly lost: Observable<void> = this.#lost.asObservable();

  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly access: RoomAccess,
    private readonly node: NodeId,
  ) {}

  /** @throws {Problem} room_not_found, not_a_participant */
  connected(roomId: string, user: User, connectionId: string): Promise<void> {
    return this.broadcaster.roomChange(roomId, async (change) => {
      const { trx } = change;
      await this.access.requireParticipant(roomId, user.id, trx);
      const first = !(await this.#isOnline(change, user.id));
      await insertConnection.all(trx, {
        id: connectionId,
        room_id: roomId,
        user_id: user.id,
        node_id: this.node.value,
      });
      if (!first) return;
      const online_count = await this.#onlineCount(trx, roomId);
      change.userActivity('user_connected_websocket', { user, online_count });
    });
  }

  /** Closing one of several connections is not leaving. */
  disconnected(roomId: string, user: User, connectionId: string): Promise<void> {
    return this.broadcaster.roomChange(roomId, async (change) => {
      const { trx } = change;
      const gone = await deleteConnection.first(trx, { id: connectionId });
      if (!gone || (await this.#isOnline(change, user.id))) return;
      const online_count = await this.#onlineCount(trx, roomId);
      change.userActivity('user_disconnected_websocket', { user, online_count });
    });
  }

  lose(): void {
    this.#lost.next();
  }

  /** Those with at least one open connection. */
  async online(trx: Trx, roomId: string): Promise<User[]> {
    return (await selectOnline.all(trx, { roomId })).map(userView);
  }

  async #isOnline({ trx, room }: RoomChange, userId: string): Promise<boolean> {
    return (await selectConnection.first(trx, { roomId: room.id, userId })) !== undefined;
  }

  async #onlineCount(trx: Trx, roomId: string): Promise<number> {
    return (await countOnline.one(trx, { roomId })).count;
  }
}

const insertConnection = prepare((db, row: Schema['connections']) =>
  db
    .insertInto('connections')
    .values({ id: row.id, room_id: row.room_id, user_id: row.user_id, node_id: row.node_id }),
);

const deleteConnection = prepare((db, { id }: { id: string }) =>
  db.deleteFrom('connections').where('id', '=', id).returning('id'),
);

const selectConnection = prepare((db, { roomId, userId }: { roomId: string; userId: string }) =>
  db
    .selectFrom('connections')
    .select('id')
    .where('room_id', '=', roomId)
    .where('user_id', '=', userId)
    .limit(1),
);

const selectOnline = prepare((db, { roomId }: { roomId: string }) =>
  db
    .selectFrom('connections')
    .innerJoin('users', 'users.id', 'connections.user_id')
    .select(userColumns)
    .distinct()
    .where('connections.room_id', '=', roomId)
    .orderBy('users.id'),
);

const countOnline = prepare((db, { roomId }: { roomId: string }) =>
  db
    .selectFrom('connections')
    .select((of) => of.fn.count<number>('user_id').distinct().as('count'))
    .where('room_id', '=', roomId),
);
