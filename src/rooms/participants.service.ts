import { Injectable } from '@nestjs/common';
import { findUser } from '../auth/users.js';
import type { EventData, EventReference, Participant, Room, RoomEvent, User } from '../contract/index.js';
import { Problem } from '../errors/problem.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import { referenceTo, type RoomChange } from '../events/room-change.js';
import { InvitesService } from './invites.service.js';
import { RoomAccess } from './room-access.js';
import { RoomLimits } from './room-limits.js';
import { RoomsReader, roomView } from './rooms.reader.js';

/** Participants of rooms: joins, leaves, removals, bans, and the administrator's succession. */
@Injectable()
export class ParticipantsService {
  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly access: RoomAccess,
    private readonly invites: InvitesService,
    private readonly reader: RoomsReader,
    private readonly limits: RoomLimits,
  ) {}

  /**
   * Makes a user a participant; does nothing if they are one. In a room without an administrator they become it.
   * @throws {Problem} room_not_found, also for a private room without an active invite; banned; rate_limited
   */
  async join(user: User, roomId: string, invite: string | undefined, address: string) {
    const joined = this.broadcaster.roomCommand(roomId, async (change) => ({
      room: (await this.#isParticipant(change, user.id))
        ? await this.reader.room(change.trx, change.room)
        : await this.#add(change, user, invite, address),
      event: await change.lastEvent(),
    }));
    try {
      return await joined;
    } catch (error) {
      // The same message for a room that does not exist, so that private rooms cannot be discovered.
      throw error instanceof Problem && error.code === 'room_not_found' ? notAdmitted() : error;
    }
  }

  /** @throws {Problem} room_not_found, not_a_participant */
  leave(user: User, roomId: string): Promise<{ ok: true; event: EventReference }> {
    return this.broadcaster.roomCommand(roomId, async (change) => {
      await this.access.requireParticipant(roomId, user.id, change.trx);
      // A new administrator is announced afterwards, when the user who left receives nothing any more.
      return { ok: true, event: referenceTo(await this.#remove(change, user, 'left')) };
    });
  }

  /**
   * Removes a participant, or bans a user. A ban also applies to a user who is not in the room: they may have left
   * just before.
   * @throws {Problem} room_not_found, not_a_participant, not_administrator, cannot_remove_self, user_not_found
   */
  remove(administrator: User, roomId: string, userId: string, ban: boolean) {
    return this.broadcaster.roomCommand(roomId, async (change) => {
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
      return { user, event: await change.lastEvent() };
    });
  }

  /** Lifts a ban. @throws {Problem} room_not_found, not_a_participant, not_administrator, user_not_found */
  unban(administrator: User, roomId: string, userId: string): Promise<{ user: User }> {
    return this.broadcaster.roomCommand(roomId, async ({ trx }) => {
      await this.access.requireAdministrator(roomId, administrator, trx);
      const lifted = await trx
        .deleteFrom('bans')
        .where('room_id', '=', roomId)
        .where('user_id', '=', userId)
        .returning('user_id')
        .executeTakeFirst();
      const user = lifted && (await findUser(trx, userId));
      if (!user) throw new Problem('user_not_found', 'That user is not banned here.');
      return { user };
    });
  }

  async #add(change: RoomChange, { id }: User, invite: string | undefined, address: string): Promise<Room> {
    const { trx, now, room } = change;
    await this.#requireAdmission(change, id, invite);
    await this.limits.join(id, address, room.id);
    await trx.insertInto('participants').values({ room_id: room.id, user_id: id, joined_at: now }).execute();
    // Read after the insert, which waits for a registration of the user: that one may have changed the name.
    const user = (await findUser(trx, id))!;
    change.userActivity('user_joined', {
      user,
      participant_count: await this.reader.participantCount(trx, room.id),
    });
    if (room.administrator_id !== null) return this.reader.room(trx, room);
    return this.#setAdministrator(change, user);
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

  async #requireAdmission(change: RoomChange, userId: string, invite: string | undefined): Promise<void> {
    const { trx, room } = change;
    if (room.visibility === 'private') {
      if (invite === undefined || !(await this.invites.redeem(change, invite))) throw notAdmitted();
    }
    const ban = await trx
      .selectFrom('bans')
      .select('user_id')
      .where('room_id', '=', room.id)
      .where('user_id', '=', userId)
      .executeTakeFirst();
    // The exception rolls back the use of the invite, as one of the limits does.
    if (ban) throw new Problem('banned', 'The administrator has banned you from this room.');
  }

  async #remove(
    change: RoomChange,
    user: User,
    reason: EventData<'user_left'>['reason'],
  ): Promise<RoomEvent<'user_left'>> {
    const { trx, room } = change;
    await trx
      .deleteFrom('participants')
      .where('room_id', '=', room.id)
      .where('user_id', '=', user.id)
      .execute();
    const left = change.userActivity('user_left', {
      user,
      participant_count: await this.reader.participantCount(trx, room.id),
      reason,
    });
    if (room.administrator_id === user.id) {
      const [longestStanding] = await this.reader.participants(trx, room.id);
      await this.#setAdministrator(change, longestStanding ? userOf(longestStanding) : null);
    }
    return left;
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
