import { Injectable } from '@nestjs/common';
import type { ListenerConnection, ListenerList, User } from '../contract/index.js';
import { Database } from '../database/database.js';
import type { Connection } from '../delivery/connection.js';
import { RoomStreams } from '../delivery/room-streams.js';
import { RoomStateService } from '../room-state/room-state.service.js';
import { ListenerReports } from '../rooms/presence/listener-reports.js';
import { PresenceService } from '../rooms/presence/presence.service.js';

const defaultPageSize = 100;
/** As many as the limit on connections allows; without rate limits there may be more. */
const maxConnectionsListed = 20;

/** Lists the listeners of a room: users from presence, their connections from this node's streams and reports. */
@Injectable()
export class ListenersService {
  constructor(
    private readonly rooms: RoomStateService,
    private readonly presence: PresenceService,
    private readonly reports: ListenerReports,
    private readonly streams: RoomStreams,
    private readonly database: Database,
  ) {}

  /**
   * @param after the page begins after the user with this id
   * @throws {Problem} room_not_found, not_a_participant
   */
  async list(user: User, roomId: string, after = '', limit = defaultPageSize): Promise<ListenerList> {
    const { users, more, online_count } = await this.database.snapshot(async (trx) => {
      await this.rooms.requireParticipant(trx, user, roomId);
      return this.presence.onlinePage(trx, roomId, after, limit);
    });
    const connections = new Map(users.map(({ id }): [string, ListenerConnection[]] => [id, []]));
    for (const connection of this.streams.get(roomId)?.connections ?? []) {
      const ofUser = connections.get(connection.user.id);
      if (ofUser && ofUser.length < maxConnectionsListed) ofUser.push(this.#view(roomId, connection));
    }
    return {
      listeners: users.map((listener) => ({ user: listener, connections: connections.get(listener.id)! })),
      online_count,
      listening_count: this.reports.listeningCount(roomId),
      more,
      next: more ? users.at(-1)!.id : null,
    };
  }

  #view(roomId: string, { id, confirmedSequence, confirmedAt, retries }: Connection): ListenerConnection {
    const report = this.reports.get(roomId, id);
    return {
      drift: report?.drift ?? null,
      round_trip: report?.round_trip ?? null,
      buffered: report?.buffered ?? null,
      uncertainty: report?.uncertainty ?? null,
      output_latency: report?.output_latency ?? null,
      offset: report?.offset ?? null,
      status: report?.status ?? null,
      muted: report?.muted ?? null,
      reported_at: report?.reported_at ?? null,
      last_confirmed:
        confirmedSequence === undefined || confirmedAt === undefined
          ? null
          : { sequence: confirmedSequence, confirmed_at: confirmedAt },
      retries,
    };
  }
}
