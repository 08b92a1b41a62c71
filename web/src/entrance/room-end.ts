import { type ClosedReason, RoomcastError } from '@roomcast/client';

/** Why a room cannot be entered, or was ended for this user. */
export type RoomEnd = Exclude<ClosedReason, 'closed'> | 'no_room' | 'no_invite';

/** The end that a refusal means; undefined for errors after which the door stays open. */
export function endOf(error: unknown): RoomEnd | undefined {
  switch (error instanceof RoomcastError ? error.code : undefined) {
    case 'room_not_found':
    case 'malformed':
      return 'no_room';
    case 'invite_not_found':
      return 'no_invite';
    case 'banned':
      return 'banned';
    case 'not_a_participant':
      return 'kicked';
    case 'unauthorized':
      return 'unauthorized';
    case 'protocol':
      return 'protocol';
    default:
      return undefined;
  }
}
