import { Injectable } from '@nestjs/common';
import { findUser } from '../auth/users.js';
import type { EventData, Participant, Room, User } from '../contract/index.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors/problem.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import type { RoomChange } from '../events/room-change.js';
import { InvitesService } from './invites.service.js';
import { RoomAccess } from './room-access.js';
import { RoomsReader, roomView } from './rooms.reader.js';

/** Participants of rooms: joins, leaves, removals, bans, and the administrator's succession. */
@Injectable()
export class ParticipantsService {
  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly access: RoomAccess,
    private readonly invites: InvitesService,
    private readonly reader: RoomsReader,
    private readonly database: Database,
  ) {}

  /**
   * Makes a user a participant; does nothing if they are one. In a room without an administrator they become it.
   * @throws {Problem} room_not_found, also for a private room without an active invite; banned
   */
  async join(user: User, roomId: string, invite: string | undefined): Promise<Room> {
    const joined = this.broadcaster.roomChange(roomId, async (change) => {
      const { trx, now } = change;
      const inRoom = { room_id: roomId, user_id: user.id };
      if (await this.#isParticipant(change, user.id)) return this.reader.room(trx, change.room);

      await this.#requireAdmission(change, user, invite);
      await trx
        .insertInto('participants')
        .values({ ...inRoom, joined_at: now })
        .execute();
      change.userActivity('user_joined', {
        user,
        participant_count: await this.reader.participantCount(trx, roomId),
      });
      if (change.room.administrator_id !== null) return this.reader.room(trx, change.room);
      return this.#setAdministrator(change, user);
    });
    try {
      return await joined;
    } catch (error) {
      // The same message for a room that does not exist, so that private rooms cannot be discovered.
      throw error instanceof Problem && error.code === 'room_not_found' ? notAdmitted() : error;
    }
  }

  /** @throws {Problem} room_not_found, not_a_participant */
  leave(user: User, roomId: string): Promise<void> {
    return this.broadcaster.roomChange(roomId, async (change) => {
      await this.access.requireParticipant(roomId, user.id, change.trx);
      await this.#remove(change, user, 'left');
    });
  }

  /**
   * Removes a participant, or bans a user. A ban also applies to a user who is not in the room: they may have left
   * just before.
   * @throws {Problem} room_not_found, not_a_participant, not_administrator, cannot_remove_self, user_not_found
   */
  remove(administrator: User, roomId: string, userId: string, ban: boolean): Promise<User> {
    return this.broadcaster.roomChange(roomId, async (change) => {
      const { trx, now } = change;
      await this.access.requireAdministrator(roomId, administrator, trx);
      if (userId === administrator.id) {
        throw new Problem(
          'cannot_remove_self',
          'The administrator cannot remove themselves: leave the room instead.',
        );
      }
      const user = await findUser(trx, userId);
      const isParticipant = await this.#isParticipant(change, userId);
      if (!user || !(isParticipant || ban)) {
        throw new Problem('user_not_found', 'That user is not in the room.');
      }
      if (isParticipant) await this.#remove(change, user, ban ? 'banned' : 'kicked');
      if (ban) {
        await trx
          .insertInto('bans')
          .values({ room_id: roomId, user_id: userId, created_at: now })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
      return user;
    });
  }

  /** Lifts a ban. @throws {Problem} room_not_found, not_a_participant, not_administrator, user_not_found */
  async unban(administrator: User, roomId: string, userId: string): Promise<User> {
    await this.access.requireAdministrator(roomId, administrator);
    const lifted = await this.database.db
      .deleteFrom('bans')
      .where('room_id', '=', roomId)
      .where('user_id', '=', userId)
      .returning('user_id')
      .executeTakeFirst();
    const user = lifted && (await findUser(this.database.db, userId));
    if (!user) throw new Problem('user_not_found', 'That user is not banned here.');
    return user;
  }

  async #isParticipant({ trx, room }: RoomChange, userId: string): Promise<boolean> {
    const row = await trx
      .selectFrom('participants')
      .select('user_id')
      .where('room_id', '=', room.id)
      .where('user_id', '=', userId)
      .executeTakeFirst();
    return row !== undefined;
  }

  async #requireAdmission(change: RoomChange, user: User, invite: string | undefined): Promise<void> {
    const { trx, room } = change;
    if (room.visibility === 'private') {
      if (invite === undefined || !(await this.invites.redeem(change, invite))) throw notAdmitted();
    }
    const ban = await trx
      .selectFrom('bans')
      .select('user_id')
      .where('room_id', '=', room.id)
      .where('user_id', '=', user.id)
      .executeTakeFirst();
    // The exception rolls back the use of the invite.
    if (ban) throw new Problem('banned', 'The administrator has banned you from this room.');
  }

  async #remove(change: RoomChange, user: User, reason: EventData<'user_left'>['reason']): Promise<void> {
    const { trx, room } = change;
    await trx
      .deleteFrom('participants')
      .where('room_id', '=', room.id)
      .where('user_id', '=', user.id)
      .execute();
    change.userActivity('user_left', {
      user,
      participant_count: await this.reader.participantCount(trx, room.id),
      reason,
    });
    if (room.administrator_id !== user.id) return;
    const [longestStanding] = await this.reader.participants(trx, room.id);
    await this.#setAdministrator(change, longestStanding ? userOf(longestStanding) : null);
  }

  async #setAdministrator(change: RoomChange, administrator: User | null): Promise<Room> {
    const administrator_id = administrator?.id ?? null;
    await change.trx
      .updateTable('rooms')
      .set({ administrator_id })
      .where('id', '=', change.room.id)
      .execute();
    const room = roomView({ ...change.room, administrator_id }, administrator);
    change.roomState(room);
    return room;
  }
}

const userOf = ({ id, username, guest }: Participant): User => ({ id, username, guest });

const notAdmitted = (): Problem =>
  new Problem(
    'room_not_found',
    'There is no such room, or it is private and needs an invite that is not expired, used up or revoked.',
  );
