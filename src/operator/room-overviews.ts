import { Injectable } from '@nestjs/common';
import type { AdminRoomList } from '../contract/index.js';
import { RoomStreams } from '../delivery/room-streams.js';
import { OperatorRooms } from '../rooms/operator-rooms.js';
import { StorageUses } from '../tracks/storage/storage-use.js';

/** Lists rooms with what tracks and deliveries know of them. */
@Injectable()
export class RoomOverviews {
  constructor(
    private readonly rooms: OperatorRooms,
    private readonly storage: StorageUses,
    private readonly streams: RoomStreams,
  ) {}

  /** Newest first. @param after id of a room; only older rooms are returned */
  async list(limit: number, after: string | undefined): Promise<AdminRoomList> {
    const found = await this.rooms.list(limit + 1, after);
    const page = found.slice(0, limit);
    const uses = await this.storage.ofRooms(page.map(({ id }) => id));
    const rooms = page.map((room) => ({
      ...room,
      connections: this.streams.sizeOf(room.id).connections,
      ...(uses.get(room.id) ?? { tracks: 0, bytes: 0 }),
    }));
    const more = found.length > limit;
    return { rooms, more, next: more ? rooms.at(-1)!.id : null };
  }
}
