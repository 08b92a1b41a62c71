import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { ExpressionBuilder, Selectable } from 'kysely';
import { Clock } from '../config/clock.js';
import type { Invite, User } from '../contract/index.js';
import { Database, type Trx } from '../database/database.js';
import type { Schema } from '../database/schema.js';
import { Problem } from '../errors/problem.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import type { RoomChange } from '../events/room-change.js';
import type { CreateInviteDto } from './invites.dto.js';
import { RoomAccess } from './room-access.js';

const defaultValiditySeconds = 7 * 24 * 3600;
/** Per room. */
const maxActive = 100;
const codeBytes = 16;
/** Other codes are not looked up: a path may contain characters that a database rejects, such as NUL. */
const codePattern = /^[\w-]{22}$/;

/**
 * Creates, lists, revokes and redeems invites to private rooms. An invite is active until it expires, is used up or is
 * revoked; anyone who has the code of an active invite may join. Invites are deleted with their room.
 */
@Injectable()
export class InvitesService {
  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly access: RoomAccess,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** @throws {Problem} room_not_found, not_a_participant, not_administrator, too_many_invites */
  create(administrator: User, roomId: string, options: CreateInviteDto): Promise<Invite> {
    // In a room change, because its lock keeps concurrent calls from exceeding the limit together.
    return this.broadcaster.roomCommand(roomId, async ({ trx, now }) => {
      await this.access.requireAdministrator(roomId, administrator, trx);
      await trx
        .deleteFrom('invites')
        .where('room_id', '=', roomId)
        .where((of) => of.or([of('expires_at', '<=', now), of('uses', '>=', of.ref('max_uses'))]))
        .execute();
      const { active } = await trx
        .selectFrom('invites')
        .select((of) => of.fn.countAll<number>().as('active'))
        .where('room_id', '=', roomId)
        .executeTakeFirstOrThrow();
      if (active >= maxActive) {
        throw new Problem('too_many_invites', `A room has at most ${maxActive} active invites: revoke one.`);
      }
      const row = {
        code: randomBytes(codeBytes).toString('base64url'),
        room_id: roomId,
        created_by: administrator.id,
        created_at: now,
        expires_at: now + (options.expires_in ?? defaultValiditySeconds),
        max_uses: options.max_uses ?? null,
        uses: 0,
      };
      await trx.insertInto('invites').values(row).execute();
      return inviteView(row);
    });
  }

  /** The active invites, newest first. @throws {Problem} room_not_found, not_a_participant, not_administrator */
  async list(administrator: User, roomId: string): Promise<Invite[]> {
    await this.access.requireAdministrator(roomId, administrator);
    const rows = await this.database.db
      .selectFrom('invites')
      .selectAll()
      .where('room_id', '=', roomId)
      .where(isActive(this.clock.now()))
      .orderBy('created_at', 'desc')
      .orderBy('code')
      .execute();
    return rows.map(inviteView);
  }

  /**
   * Revokes an invite. Users who joined with it stay participants.
   * @throws {Problem} room_not_found, not_a_participant, not_administrator, invite_not_found
   */
  revoke(administrator: User, roomId: string, code: string): Promise<Invite> {
    return this.broadcaster.roomCommand(roomId, async ({ trx }) => {
      await this.access.requireAdministrator(roomId, administrator, trx);
      const revoked = codePattern.test(code)
        ? await trx
            .deleteFrom('invites')
            .where('room_id', '=', roomId)
            .where('code', '=', code)
            .returningAll()
            .executeTakeFirst()
        : undefined;
      if (!revoked) throw new Problem('invite_not_found', 'The room has no such invite.');
      return inviteView(revoked);
    });
  }

  /** @throws {Problem} invite_not_found if there is none that is active */
  async findActive(trx: Trx, code: string): Promise<Selectable<Schema['invites']>> {
    const invite = codePattern.test(code)
      ? await trx
          .selectFrom('invites')
          .selectAll()
          .where('code', '=', code)
          .where(isActive(this.clock.now()))
          .executeTakeFirst()
      : undefined;
    if (invite) return invite;
    throw new Problem(
      'invite_not_found',
      'There is no such invite, or it has expired, is used up or was revoked.',
    );
  }

  /** Counts one use of an invite to the room of this change. @returns whether the invite was active */
  async redeem({ trx, room, now }: RoomChange, code: string): Promise<boolean> {
    const { numUpdatedRows } = await trx
      .updateTable('invites')
      .set((of) => ({ uses: of('uses', '+', 1) }))
      .where('code', '=', code)
      .where('room_id', '=', room.id)
      .where(isActive(now))
      .executeTakeFirstOrThrow();
    return numUpdatedRows > 0n;
  }
}

const isActive = (now: number) => (of: ExpressionBuilder<Schema, 'invites'>) =>
  of.and([
    of('expires_at', '>', now),
    of.or([of('max_uses', 'is', null), of('uses', '<', of.ref('max_uses'))]),
  ]);

const inviteView = (row: Selectable<Schema['invites']>): Invite => ({
  invite: row.code,
  created_at: row.created_at,
  expires_at: row.expires_at,
  max_uses: row.max_uses,
  uses: row.uses,
});
