import { Injectable } from '@nestjs/common';
import { NodeId } from '../../cluster/node-id.js';
import type { User } from '../../contract/index.js';
import type { Trx } from '../../database/database.js';
import { prepare } from '../../database/prepared.js';
import { Problem } from '../../errors/problem.js';
import type { RoomChange } from '../../events/room-change.js';

/** A connection that came to a room or went from it. */
export interface PresenceEntry {
  kind: 'connected' | 'gone';
  user: User;
  connectionId: string;
}

export interface PresenceResult {
  /** Entries that were refused, because the user is not (or no longer) a participant. */
  refused: Map<PresenceEntry, Problem>;
  /** Whether the room is too large for events by user, so that counts have to be announced instead. */
  summarized: boolean;
}

/** Rooms with more users online than this get `listeners_updated` instead of events by user. */
export const maxUsersAnnounced = 200;

/**
 * Writes a batch of connections of one room in the room's transaction: one multi-row insert, one delete, and an event
 * for each user whose first connection came or whose last one went. A user who does both within a batch raises none.
 */
@Injectable()
export class PresenceWriter {
  constructor(private readonly node: NodeId) {}

  async write(change: RoomChange, entries: readonly PresenceEntry[]): Promise<PresenceResult> {
    const { trx, room } = change;
    const users = new Map(entries.map(({ user }) => [user.id, user]));
    const participants = await participantsAmong(trx, room.id, users);
    const known = await this.#connectionsOf(trx, room.id, users);
    const before = new Set([...users.keys()].filter((id) => known.get(id)!.size > 0));

    const refused: PresenceResult['refused'] = new Map();
    const added = new Map<string, string>();
    const removed: string[] = [];
    for (const entry of entries) {
      const { kind, user, connectionId } = entry;
      const connections = known.get(user.id)!;
      if (kind === 'gone') {
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
    const came = [...users.values()].filter(({ id }) => !before.has(id) && known.get(id)!.size > 0);
    const went = [...users.values()].filter(({ id }) => before.has(id) && known.get(id)!.size === 0);
    const largest = Math.max(online, online + came.length - went.length);
    if (largest > maxUsersAnnounced) return { refused, summarized: came.length + went.length > 0 };
    for (const user of came) {
      change.userActivity('user_connected_websocket', { user, online_count: ++online });
    }
    for (const user of went) {
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
): Promise<Set<string>> {
  const rows = await trx
    .selectFrom('participants')
    .select('user_id')
    .where('room_id', '=', roomId)
    .where('user_id', 'in', [...users.keys()])
    .execute();
  return new Set(rows.map(({ user_id }) => user_id));
}

/** How many users have at least one connection to the room, on any node. */
export async function onlineCount(trx: Trx, roomId: string): Promise<number> {
  return (await countOnline.one(trx, { roomId })).count;
}

const countOnline = prepare((db, { roomId }: { roomId: string }) =>
  db
    .selectFrom('connections')
    .select((of) => of.fn.count<number>('user_id').distinct().as('count'))
    .where('room_id', '=', roomId),
);
