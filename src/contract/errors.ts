import { Type, type Static } from 'typebox';
import { shape } from './views.js';

const error = (status: number, description: string) => ({ status, description });

/**
 * Every code that an error can carry, with its HTTP status and what it means. Codes are stable; messages may change.
 * Over sockets only the code is sent. Those that are sent over sockets alone have the status 400.
 */
export const errorCodes = {
  malformed: error(
    400,
    'The request could not be read: broken JSON, a malformed id, a body that is no object.',
  ),
  invalid_field: error(422, 'A field is missing, of the wrong type, or out of range; `details` names each.'),
  unauthorized: error(401, 'No token, or one that is wrong, expired or revoked.'),
  invalid_credentials: error(401, 'Wrong username or password.'),
  forbidden: error(403, 'Signed in, but not allowed to do this.'),
  not_a_participant: error(403, 'Only participants of the room may do this.'),
  not_administrator: error(403, "Only the room's administrator may do this."),
  banned: error(403, 'Banned from this room.'),
  not_found: error(404, 'There is nothing at this path.'),
  room_not_found: error(404, 'There is no such room, or it is private and the caller is not in it.'),
  track_not_found: error(
    404,
    'There is no such track, or it is in a private room that the caller is not in.',
  ),
  user_not_found: error(404, 'There is no such user here.'),
  event_not_found: error(404, 'There is no such event in the log.'),
  cover_not_found: error(404, 'The track has no cover.'),
  audio_missing: error(404, 'The server has lost this file; it has been logged.'),
  invite_not_found: error(404, 'The room has no such invite.'),
  username_taken: error(409, 'That username, or one that looks like it, is registered already.'),
  already_registered: error(409, 'The token belongs to a registered user.'),
  cannot_remove_self: error(409, 'To go, leave the room.'),
  nothing_to_play: error(409, 'The queue is empty.'),
  already_playing: error(409, 'Something is playing or paused already.'),
  not_playing: error(409, 'Nothing is playing.'),
  not_paused: error(409, 'Playback is not paused.'),
  not_queued: error(409, 'The track is not in the queue.'),
  queue_full: error(409, 'The queue has reached its limit.'),
  request_timeout: error(408, 'The request did not arrive in time, or too slowly; send it again.'),
  too_many_invites: error(409, 'The room has as many active invites as it may have: revoke one.'),
  history_gone: error(
    410,
    'The log no longer reaches back that far; `details.oldest_sequence` is the oldest kept.',
  ),
  precondition_failed: error(412, 'The file is not the one that the condition of the request names.'),
  payload_too_large: error(413, 'More than is allowed.'),
  storage_full: error(
    507,
    'There is no room for this file: `details.limit` says whether the limit is the `user`’s, the `room`’s, the `server`’s, or the `disk`.',
  ),
  unsupported_media_type: error(415, 'Not one of the kinds of content that are taken here.'),
  unreadable_audio: error(422, 'The audio file is empty, cut off or broken.'),
  audio_too_complex: error(
    422,
    'Reading the audio file would take too much time or memory: its tags are too large or too many.',
  ),
  range_not_satisfiable: error(416, 'The requested range lies outside of the file.'),
  rate_limited: error(429, 'Too many requests; try again after `Retry-After` seconds.'),
  too_many_connections: error(429, 'This user has too many open connections.'),
  unknown_message: error(400, 'There is no such message.'),
  delivery_failed: error(400, 'A critical event was not confirmed in time: reconnect with `after_sequence`.'),
  session_ended: error(401, 'The token was revoked or has expired: sign in again.'),
  draining: error(503, 'The server is going down: reconnect.'),
  unavailable: error(503, 'The server cannot do this right now; try again.'),
  internal: error(500, 'The fault is the server’s; it has been logged.'),
};
export type ErrorCode = keyof typeof errorCodes;

export const ErrorBody = shape({
  error: shape({
    code: Type.String({ description: 'Stable, for programs' }),
    message: Type.String({ description: 'For people; says what to do' }),
    details: Type.Optional(Type.Unknown()),
  }),
});
export type ErrorBody = Static<typeof ErrorBody>;
