import { Injectable } from '@nestjs/common';
import { userColumns, userView } from '../../auth/users.js';
import { NodeId } from '../../cluster/node-id.js';
import type { User } from '../../contract/index.js';
import type { Trx } from '../../database/database.js';
import { prepare } from '../../database/prepared.js';
import { Problem } from '../../errors/problem.js';
import type { RoomChange } from '../../events/room-change.js';

/** A connection to a room that opened or ended. */
export interface PresenceEntry {
  kind: 'connected' | 'disconnected';
  user: User;
  connectionId: string;
}

/** The outcome of writing a batch. */
export interface PresenceResult {
  /** Entries that were not written, because the user is not (or no longer) a participant. */
  refused: Map<PresenceEntry, Problem>;
  /** True if users went online or offline in a room too large for events per user: raise `listeners_updated`. */
  summarized: boolean;
}

/** In rooms with more users online, `listeners_updated` replaces the events per user. */
export const maxUsersAnnounced = 200;

/**
 * Writes a batch of opened and ended connections of one room in a room change: one multi-row insert, one delete, and an
 * event for each user whose first connection opened or whose last one ended. A user who does both within a batch raises
 * no event.
 */
@Injectable()
export class PresenceWriter {
  constructor(private readonly node: NodeId) {}

  async write(change: RoomChange, entries: readonly PresenceEntry[]): Promise<PresenceResult> {
    const { trx, room } = change;
    const users = new Map(entries.map(({ user }) => [user.id, user]));
    const participants = await participantsAmong(trx, room.id, users);
    // As they are now: a user may have registered since the connection was admitted.
    for (const [id, user] of participants) users.set(id, user);
    const connectionsByUser = await this.#connectionsOf(trx, room.id, users);
    const onlineBefore = new Set([...users.keys()].filter((id) => connectionsByUser.get(id)!.size > 0));

    const refused: PresenceResult['refused'] = new Map();
    const added = new Map<string, string>();
    const removed: string[] = [];
    for (const entry of entries) {
      const { kind, user, connectionId } = entry;
      const connections = connectionsByUser.get(user.id)!;
      if (kind === 'disconnected') {
        if (!connections.delete(connectionId)) continue;
        if (!added.delete(connectionId)) removed.push(connectionId);
      } else if (participants.has(user.id)) {
        connections.add(connectionId);
        added.set(connectionId, user.id);
      } else refused.set(entry, new Problem('not_a_participant', 'Join the room first.'));
    }

    let online = await onlineCount(trx, room.id);
    await this.#insert(trx, room.id, added);
    await remove(trx, removed);
    const isOnline = ({ id }: User) => connectionsByUser.get(id)!.size > 0;
    const cameOnline = [...users.values()].filter((user) => !onlineBefore.has(user.id) && isOnline(user));
    const wentOffline = [...users.values()].filter((user) => onlineBefore.has(user.id) && !isOnline(user));
    const maxOnline = Math.max(online, online + cameOnline.length - wentOffline.length);
    if (maxOnline > maxUsersAnnounced) {
      return { refused, summarized: cameOnline.length + wentOffline.length > 0 };
    }
    for (const user of cameOnline) {
      change.userActivity('user_connected_websocket', { user, online_count: ++online });
    }
    for (const user of wentOffline) {
      change.userActivity('user_disconnected_websocket', { user, online_count: --online });
    }
    return { refused, summarized: false };
  }

  async #connectionsOf(trx: Trx, roomId: string, users: ReadonlyMap<string, User>) {
    const connections = new Map([...users.keys()].map((id) => [id, new Set<string>()]));
    const rows = await trx
      .selectFrom('connections')
      .select(['id', 'user_id'])
      .where('room_id', '=', roomId)
      .where('user_id', 'in', [...users.keys()])
      .execute();
    for (const { id, user_id } of rows) connections.get(user_id)!.add(id);
    return connections;
  }

  async #insert(trx: Trx, roomId: string, added: ReadonlyMap<string, string>): Promise<void> {
    if (added.size === 0) return;
    const rows = [...added].map(([id, user_id]) => ({
      id,
      user_id,
      room_id: roomId,
      node_id: this.node.value,
    }));
    await trx.insertInto('connections').values(rows).execute();
  }
}

async function remove(trx: Trx, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await trx.deleteFrom('connections').where('id', 'in', ids).execute();
}

async function participantsAmong(
  trx: Trx,
  roomId: string,
  users: ReadonlyMap<string, User>,
): Promise<Map<string, User>> {
  const rows = await trx
    .selectFrom('participants')
    .innerJoin('users', 'users.id', 'participants.user_id')
    .select(userColumns)
    .where('participants.room_id', '=', roomId)
    .where('participants.user_id', 'in', [...users.keys()])
    .execute();
  return new Map(rows.map((row) => [row.id, userView(row)]));
}

/** The number of users with at least one connection to the room, on any node. */
export async function onlineCount(trx: Trx, roomId: string): Promise<number> {
  return (await countOnline.one(trx, { roomId })).count;
}

const countOnline = prepare((db, { roomId }: { roomId: string }) =>
  db
    .selectFrom('connections')
    .select((of) => of.fn.count<number>('user_id').distinct().as('count'))
    .where('room_id', '=', roomId),
);
