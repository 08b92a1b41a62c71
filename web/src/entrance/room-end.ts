import { type ClosedReason, RoomcastError } from '@roomcast/client';

/** Why a room cannot be entered, or was ended for this user. */
export type RoomEnd = Exclude<ClosedReason, 'closed'> | 'no_room' | 'no_invite';

const endByCode: Readonly<Record<string, RoomEnd>> = {
  room_not_found: 'no_room',
  malformed: 'no_room',
  invite_not_found: 'no_invite',
  banned: 'banned',
  not_a_participant: 'kicked',
  unauthorized: 'unauthorized',
  protocol: 'protocol',
};

/** The end that a refusal means; undefined for errors after which the door stays open. */
export const endOf = (error: unknown): RoomEnd | undefined =>
  error instanceof RoomcastError ? endByCode[error.code] : undefined;
