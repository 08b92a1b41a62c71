import { Type, type Static } from 'typebox';
import { shape } from './views.js';

const error = (status: number, description: string) => ({ status, description });

/**
 * Every error code of REST and sockets, with its HTTP status and what it means. Codes are stable; messages may change.
 * Over sockets only the code is sent; codes that are sent over sockets alone have the status 400.
 */
export const errorCodes = {
  malformed: error(
    400,
    'The request could not be parsed: broken JSON, a malformed id, or a body that is not an object.',
  ),
  invalid_field: error(422, 'A field is missing, of the wrong type, or out of range; `details` names each.'),
  idempotency_key_invalid: error(400, '`Idempotency-Key` is not 1 to 100 visible ASCII characters.'),
  idempotency_key_reused: error(
    422,
    '`Idempotency-Key` was used for another request within the last 10 minutes: use a new key for each command.',
  ),
  unauthorized: error(401, 'No token, or one that is wrong, expired or revoked.'),
  invalid_credentials: error(401, 'Wrong username or password.'),
  forbidden: error(403, 'Signed in, but not allowed to do this.'),
  not_a_participant: error(403, 'Only participants of the room may do this.'),
  not_administrator: error(403, "Only the room's administrator may do this."),
  banned: error(403, 'Banned from this room, or from the server.'),
  not_found: error(404, 'No route matches this path.'),
  room_not_found: error(404, 'There is no such room, or it is private and the caller is not in it.'),
  track_not_found: error(
    404,
    'There is no such track, or it is in a private room that the caller is not in.',
  ),
  user_not_found: error(404, 'There is no such user, or not in the room.'),
  event_not_found: error(404, 'There is no such event in the log.'),
  cover_not_found: error(404, 'The track has no cover.'),
  waveform_not_found: error(404, 'The track has no waveform.'),
  audio_missing: error(404, 'The file is missing on the server; the error has been logged.'),
  invite_not_found: error(404, 'There is no such invite, or it has expired, is used up or was revoked.'),
  username_taken: error(409, 'That username, or one that looks like it, is already registered.'),
  already_registered: error(409, 'The token belongs to a registered user.'),
  cannot_remove_self: error(409, 'The administrator cannot remove themselves: leave the room instead.'),
  nothing_to_play: error(409, 'The queue is empty.'),
  already_playing: error(409, 'A track is already playing or paused.'),
  not_playing: error(409, 'Nothing is playing.'),
  not_paused: error(409, 'Playback is not paused.'),
  not_queued: error(409, 'The track is not in the queue.'),
  already_queued: error(409, 'The track is queued or playing already.'),
  too_many_tracks: error(
    409,
    "The uploader has as many queued tracks as the room's settings allow: wait until one has been played.",
  ),
  queue_full: error(409, 'The queue has reached its limit.'),
  request_timeout: error(408, 'The request did not arrive in time, or too slowly; send it again.'),
  too_many_invites: error(409, 'The room has reached the limit of active invites: revoke one.'),
  too_many_rooms: error(409, 'The user administers as many rooms as a user may: delete one, or leave one.'),
  history_gone: error(
    410,
    'The log no longer holds events that old; `details.oldest_sequence` is the oldest that it holds.',
  ),
  precondition_failed: error(412, 'The file does not match `If-Match` or `If-Unmodified-Since`.'),
  payload_too_large: error(413, 'The request or the file is larger than allowed.'),
  storage_full: error(
    507,
    'There is not enough storage for this file. `details.limit` says which limit was reached: `user`, `room`, `server` or `disk`.',
  ),
  unsupported_media_type: error(415, 'The content type or audio format is not supported.'),
  unreadable_audio: error(422, 'The audio file is empty, truncated or corrupt.'),
  audio_too_complex: error(
    422,
    'Parsing the audio file would take too much time or memory: its tags are too large or too many.',
  ),
  range_not_satisfiable: error(416, 'The requested range lies outside the file.'),
  rate_limited: error(429, 'Too many requests; try again after `Retry-After` seconds.'),
  too_many_connections: error(429, 'This user has too many open connections.'),
  unknown_message: error(400, 'There is no such message.'),
  delivery_failed: error(400, 'A critical event was not confirmed in time: reconnect with `after_sequence`.'),
  session_ended: error(401, 'The token was revoked or has expired: sign in again.'),
  draining: error(503, 'The server is shutting down: reconnect.'),
  unavailable: error(503, 'The server cannot do this right now; try again.'),
  internal: error(500, 'The server failed; the error has been logged.'),
};
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
