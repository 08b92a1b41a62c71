import { Injectable } from '@nestjs/common';
import { previewListeners, type RoomPreview } from '../contract/index.js';
import { Database, type Trx } from '../database/database.js';
import type { RoomRow } from '../database/schema.js';
import { Problem } from '../errors/problem.js';
import { InvitesService } from '../rooms/invites.service.js';
import { PresenceService } from '../rooms/presence/presence.service.js';
import { RoomsReader } from '../rooms/rooms.reader.js';
import { QueueService } from '../tracks/queue.service.js';

/**
 * Previews: what anyone may see of a public room, and whoever has an invite of the room that it admits to. The number of
 * usernames is fixed, so that a preview costs the same in every room.
 */
@Injectable()
export class PreviewsService {
  constructor(
    private readonly database: Database,
    private readonly rooms: RoomsReader,
    private readonly invites: InvitesService,
    private readonly presence: PresenceService,
    private readonly queue: QueueService,
  ) {}

  /** @throws {Problem} room_not_found, also for a private room */
  ofRoom(roomId: string): Promise<{ room: RoomPreview }> {
    return this.database.snapshot(async (trx) => {
      const row = await this.rooms.find(trx, roomId);
      if (row?.visibility !== 'public') throw new Problem('room_not_found', 'There is no such room.');
      return { room: await this.#preview(trx, row) };
    });
  }

  /** @throws {Problem} invite_not_found if it is not active */
  ofInvite(code: string): Promise<{ room: RoomPreview; expires_at: number; uses_left: number | null }> {
    return this.database.snapshot(async (trx) => {
      const { room_id, expires_at, max_uses, uses } = await this.invites.findActive(trx, code);
      const row = (await this.rooms.find(trx, room_id))!;
      const uses_left = max_uses === null ? null : max_uses - uses;
      return { room: await this.#preview(trx, row), expires_at, uses_left };
    });
  }

  async #preview(trx: Trx, { id, name, visibility }: RoomRow): Promise<RoomPreview> {
    const { users, online_count } = await this.presence.onlinePage(trx, id, '', previewListeners);
    const current = await this.queue.current(trx, id);
    return {
      id,
      name,
      visibility,
      participant_count: await this.rooms.participantCount(trx, id),
      online_count,
      listeners: users.map(({ username }) => username),
      current_track: current
        ? { title: current.title, artist: current.artist, cover_color: current.cover_color }
        : null,
    };
  }
}
