import { Type, type Static } from 'typebox';
import { shape } from './views.js';

/** Every code an error of ours can carry, and what it means. Codes are stable; messages may change. */
export const errorCodes = {
  malformed: 'The request could not be read: broken JSON, a malformed id, a body that is no object.',
  invalid_field: 'A field is missing, of the wrong type, or out of range; `details` names each.',
  unauthorized: 'No token, or one that is wrong, expired or revoked.',
  invalid_credentials: 'Wrong username or password.',
  forbidden: 'Signed in, but not allowed to do this.',
  not_a_participant: 'Only participants of the room may do this.',
  not_administrator: "Only the room's administrator may do this.",
  banned: 'Banned from this room.',
  not_found: 'There is nothing at this path.',
  room_not_found: 'There is no such room, or it is private and the caller is not in it.',
  track_not_found: 'There is no such track, or it is in a private room that the caller is not in.',
  user_not_found: 'There is no such user here.',
  event_not_found: 'There is no such event in the log.',
  cover_not_found: 'The track has no cover.',
  audio_missing: 'The server has lost this file; it has been logged.',
  invite_not_found: 'The room has no such invite.',
  username_taken: 'That username, or one that looks like it, is registered already.',
  already_registered: 'The token belongs to a registered user.',
  cannot_remove_self: 'To go, leave the room.',
  nothing_to_play: 'The queue is empty.',
  already_playing: 'Something is playing or paused already.',
  not_playing: 'Nothing is playing.',
  not_paused: 'Playback is not paused.',
  not_queued: 'The track is not in the queue.',
  queue_full: 'The queue has reached its limit.',
  request_timeout: 'The request did not arrive in time, or too slowly; send it again.',
  too_many_invites: 'The room has as many active invites as it may have: revoke one.',
  history_gone: 'The log no longer reaches back that far; `details.oldest_sequence` is the oldest kept.',
  precondition_failed: 'The file is not the one that the condition of the request names.',
  payload_too_large: 'More than is allowed.',
  storage_full:
    'There is no room for this file: `details.limit` says whether the limit is the `user`’s, the `room`’s, the `server`’s, or the `disk`.',
  unsupported_media_type: 'Not one of the kinds of content that are taken here.',
  unreadable_audio: 'The audio file is empty, cut off or broken.',
  audio_too_complex:
    'Reading the audio file would take too much time or memory: its tags are too large or too many.',
  range_not_satisfiable: 'The requested range lies outside of the file.',
  rate_limited: 'Too many requests; try again after `Retry-After` seconds.',
  too_many_connections: 'This user has too many open connections.',
  unknown_message: 'There is no such message.',
  delivery_failed: 'A critical event was not confirmed in time: reconnect with `after_sequence`.',
  session_ended: 'The token was revoked or has expired: sign in again.',
  draining: 'The server is going down: reconnect.',
  unavailable: 'The server cannot do this right now; try again.',
  internal: 'The fault is the server’s; it has been logged.',
} as const;
export type ErrorCode = keyof typeof errorCodes;

export const ErrorBody = shape({
  error: shape({
    code: Type.String({ description: 'Stable, for programs' }),
    message: Type.String({ description: 'For people; says what to do' }),
    details: Type.Optional(Type.Unknown()),
  }),
});
export type ErrorBody = Static<typeof ErrorBody>;
