import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';
import { Clock } from '../config/clock.js';
import type { Room, RoomSettings, RoomSummary, User, Visibility } from '../contract/index.js';
import type { RoomFields } from '../database/schema.js';
import { invalidField } from '../errors/problem.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import type { RoomChange } from '../events/room-change.js';
import { onlineCount } from './presence/presence-writer.js';
import { RoomAccess } from './room-access.js';
import { RoomLimits } from './room-limits.js';
import type { CreateRoomDto, UpdateRoomDto } from './rooms.dto.js';
import { defaultSettings, RoomsReader, roomView, settingsColumns } from './rooms.reader.js';

/** Settings that null turns off; everywhere else null is the same as leaving the field out. */
const nullable: ReadonlySet<string> = new Set([
  'skip_vote_share',
  'max_tracks_per_user',
] satisfies (keyof RoomSettings)[]);

/** Creates, lists, changes and deletes rooms. */
@Injectable()
export class RoomsService {
  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly access: RoomAccess,
    private readonly reader: RoomsReader,
    private readonly limits: RoomLimits,
    private readonly clock: Clock,
  ) {}

  /**
   * Creates a room. The creator is its administrator and first participant.
   * @throws {Problem} rate_limited, too_many_rooms
   */
  async create(user: User, { name, visibility = 'public' }: CreateRoomDto, address: string) {
    await this.limits.create(user, address);
    const now = this.clock.now();
    const row: RoomFields = {
      id: uuid(),
      name,
      visibility,
      administrator_id: user.id,
      ...defaultSettings,
      created_at: now,
    };
    return this.broadcaster.newRoom(row, async (change) => {
      await this.limits.requireFew(change.trx, user);
      await change.trx
        .insertInto('participants')
        .values({ room_id: row.id, user_id: user.id, joined_at: now })
        .execute();
      const room = roomView(row, user);
      if (visibility === 'public') {
        change.lobby('room_created', { room: { ...room, participant_count: 1, online_count: 0 } });
      }
      // Null: the log begins with the first change of the room, and nobody is connected to it yet.
      return { room, event: await change.lastEvent() };
    });
  }

  /** A page of the rooms that a user may see, newest first. */
  async list(
    user: User,
    limit = 50,
    after?: string,
  ): Promise<{ rooms: RoomSummary[]; more: boolean; next: string | null }> {
    const found = await this.reader.list(user.id, limit + 1, after);
    const rooms = found.slice(0, limit);
    const more = found.length > limit;
    return { rooms, more, next: more ? (rooms.at(-1)?.id ?? null) : null };
  }

  /**
   * Values that the room has already change nothing.
   * @throws {Problem} room_not_found, not_a_participant, not_administrator, invalid_field if nothing is given,
   * rate_limited
   */
  update(user: User, roomId: string, { name, visibility, settings }: UpdateRoomDto, address: string) {
    return this.broadcaster.roomCommand(roomId, async (change) => {
      const row = await this.access.requireAdministrator(roomId, user, change.trx);
      const given = Object.entries({ name, visibility, ...settings }).filter(
        ([field, value]) => value !== undefined && (value !== null || nullable.has(field)),
      );
      if (given.length === 0) {
        throw invalidField('name', 'Give at least one of name, visibility and a field of settings.');
      }
      const {
        name: newName,
        visibility: newVisibility,
        ...newSettings
      } = Object.fromEntries(given) as {
        name?: string;
        visibility?: Visibility;
      } & Partial<RoomSettings>;
      const values: Partial<RoomFields> = {
        ...(newName === undefined ? {} : { name: newName }),
        ...(newVisibility === undefined ? {} : { visibility: newVisibility }),
        ...settingsColumns(newSettings),
      };
      const room = roomView({ ...row, ...values }, user);
      if (Object.entries(values).some(([column, value]) => row[column as keyof RoomFields] !== value)) {
        await this.limits.update(user, address);
        await change.trx.updateTable('rooms').set(values).where('id', '=', roomId).execute();
        change.roomState(room);
        if (room.visibility !== row.visibility) await this.#announceVisibility(change, room, user);
      }
      return { room, event: await change.lastEvent() };
    });
  }

  /** @throws {Problem} room_not_found, not_a_participant, not_administrator */
  delete(user: User, roomId: string) {
    return this.broadcaster.roomCommand(roomId, async (change) => {
      const room = roomView(await this.access.requireAdministrator(roomId, user, change.trx), user);
      change.roomDeleted({ room, user });
      if (room.visibility === 'public') change.lobby('room_deleted', { room, user });
      return { room, event: await change.lastEvent() };
    });
  }

  /** Tells the lobby of a room that has become public, or private. */
  async #announceVisibility(change: RoomChange, room: Room, user: User): Promise<void> {
    if (room.visibility === 'private') {
      // As it was: what has changed with the visibility is not public any more.
      change.lobby('room_deleted', { room: roomView(change.room, user), user });
      return;
    }
    const participant_count = await this.reader.participantCount(change.trx, room.id);
    const online_count = await onlineCount(change.trx, room.id);
    change.lobby('room_created', { room: { ...room, participant_count, online_count } });
  }
}
