import { Type } from 'typebox';
import { AnyEnvelope } from './envelope-schema.js';
import {
  Count,
  Epoch,
  EventReference,
  Invite,
  Playback,
  Room,
  RoomPreview,
  RoomState,
  RoomSummary,
  RoomTime,
  Sequence,
  Time,
  Track,
  User,
  orNull,
  shape,
} from './views.js';

/* The bodies of successful REST answers. */

/** What the command raised: the last event that the caller receives about the change. */
const event = Type.Union([EventReference, Type.Null()], {
  description:
    'The last event of this change that the caller receives; null if nothing changed, and for a new room, whose log is empty',
});

export const SignedIn = shape({ token: Type.String(), expires_at: Time, user: User });
export const Me = shape({ user: User, expires_at: Time });
export const MediaTokenAnswer = shape({ media_token: Type.String(), expires_at: Time });
export const ServerTime = shape({ server_time: Time });
export const RoomCommandAnswer = shape({ room: Room, event });
export const RoomStateAnswer = shape({ room: RoomState, sequence: Sequence, epoch: Epoch });
export const RoomList = shape({
  rooms: Type.Array(RoomSummary, { description: 'Newest first' }),
  more: Type.Boolean(),
  next: orNull(Type.String({ description: '`after` for the next page; null on the last page' })),
});
export const PreviewAnswer = shape({ room: RoomPreview });
export const InvitePreviewAnswer = shape({
  room: RoomPreview,
  expires_at: Time,
  uses_left: orNull(
    Type.Integer({ minimum: 1, description: 'How many more users may join with it; null: unlimited' }),
  ),
});
export const InviteAnswer = Invite;
export const InviteList = shape({ invites: Type.Array(Invite, { description: 'Newest first' }) });
export const UserAnswer = shape({ user: User });
export const RemovedAnswer = shape({ user: User, event });
export const EventsPage = shape({
  events: Type.Array(AnyEnvelope),
  sequence: Type.Integer({ minimum: 0, description: "The newest sequence of the room's log" }),
  more: Type.Boolean(),
  epoch: Epoch,
});
export const TrackAnswer = shape({ track: Track, event });
export const TrackList = shape({
  tracks: Type.Array(Track, {
    description: 'The current track, then the queue in order; or the history, newest first',
  }),
  total: Count,
  more: Type.Boolean(),
  next: orNull(
    Type.Integer({ minimum: 0, description: '`offset` for the next page; null on the last page' }),
  ),
});
export const QueueAnswer = shape({ track: Track, queue_position: Type.Integer({ minimum: 1 }), event });
export const TrackMetadata = shape({
  track: Track,
  metadata: shape({
    title: Type.String(),
    artist: orNull(Type.String()),
    album: orNull(Type.String()),
    duration: Type.Number(),
    mime_type: Type.String(),
    size_bytes: Count,
    sha256: Type.String({ description: 'SHA-256 of the audio file, hexadecimal' }),
    cover_mime_type: orNull(Type.String()),
  }),
});
export const Waveform = shape({
  peaks: Type.Array(Type.Number({ minimum: 0, maximum: 1 }), {
    minItems: 400,
    maxItems: 400,
    description: 'The largest sample of each 400th of the track, with two decimals; 1 is full scale',
  }),
});
export const PlaybackAnswer = shape({ playback: Playback, event: EventReference });
export const PlaybackStatusAnswer = shape({
  playback: Playback,
  track: orNull(Track),
  server_time: RoomTime,
});
export const Done = shape({ ok: Type.Literal(true) });
export {
  AdminOverview,
  AdminRoom,
  AdminRoomList,
  AdminUser,
  AdminUserAnswer,
  AdminUserList,
} from './operator.js';
export const LeftAnswer = shape({ ok: Type.Literal(true), event });
