import { Type, type Static } from 'typebox';
import { shape } from './views.js';

/** Every error code of REST and sockets, and what it means. Codes are stable; messages may change. */
export const errorCodes = {
  malformed: 'The request could not be parsed: broken JSON, a malformed id, or a body that is not an object.',
  invalid_field: 'A field is missing, of the wrong type, or out of range; `details` names each.',
  unauthorized: 'No token, or one that is wrong, expired or revoked.',
  invalid_credentials: 'Wrong username or password.',
  forbidden: 'Signed in, but not allowed to do this.',
  not_a_participant: 'Only participants of the room may do this.',
  not_administrator: "Only the room's administrator may do this.",
  banned: 'Banned from this room.',
  not_found: 'No route matches this path.',
  room_not_found: 'There is no such room, or it is private and the caller is not in it.',
  track_not_found: 'There is no such track, or it is in a private room that the caller is not in.',
  user_not_found: 'There is no such user in the room.',
  event_not_found: 'There is no such event in the log.',
  cover_not_found: 'The track has no cover.',
  audio_missing: 'The file is missing on the server; the error has been logged.',
  invite_not_found: 'The room has no such invite.',
  username_taken: 'That username, or one that looks like it, is already registered.',
  already_registered: 'The token belongs to a registered user.',
  cannot_remove_self: 'The administrator cannot remove themselves: leave the room instead.',
  nothing_to_play: 'The queue is empty.',
  already_playing: 'A track is already playing or paused.',
  not_playing: 'Nothing is playing.',
  not_paused: 'Playback is not paused.',
  not_queued: 'The track is not in the queue.',
  queue_full: 'The queue has reached its limit.',
  request_timeout: 'The request did not arrive in time, or too slowly; send it again.',
  too_many_invites: 'The room has reached the limit of active invites: revoke one.',
  history_gone:
    'The log no longer holds events that old; `details.oldest_sequence` is the oldest that it holds.',
  precondition_failed: 'The file does not match `If-Match` or `If-Unmodified-Since`.',
  payload_too_large: 'The request or the file is larger than allowed.',
  storage_full:
    'There is not enough storage for this file. `details.limit` says which limit was reached: `user`, `room`, `server` or `disk`.',
  unsupported_media_type: 'The content type or audio format is not supported.',
  unreadable_audio: 'The audio file is empty, truncated or corrupt.',
  audio_too_complex:
    'Parsing the audio file would take too much time or memory: its tags are too large or too many.',
  range_not_satisfiable: 'The requested range lies outside the file.',
  rate_limited: 'Too many requests; try again after `Retry-After` seconds.',
  too_many_connections: 'This user has too many open connections.',
  unknown_message: 'There is no such message.',
  delivery_failed: 'A critical event was not confirmed in time: reconnect with `after_sequence`.',
  session_ended: 'The token was revoked or has expired: sign in again.',
  draining: 'The server is shutting down: reconnect.',
  unavailable: 'The server cannot do this right now; try again.',
  internal: 'The server failed; the error has been logged.',
} as const;
export type ErrorCode = keyof typeof errorCodes;

/** The body of every REST answer that is not successful. */
export const ErrorBody = shape({
  error: shape({
    code: Type.String({ description: 'Stable; for programs' }),
    message: Type.String({ description: 'For people; says what to do. May change' }),
    details: Type.Optional(Type.Unknown()),
  }),
});
export type ErrorBody = Static<typeof ErrorBody>;
