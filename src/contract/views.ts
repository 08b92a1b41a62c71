import { Type, type Static, type TProperties, type TSchema } from 'typebox';

/**
 * What the server shows of its state. Names are the wire's; times are Unix seconds with milliseconds as
 * fraction; durations and positions are seconds; ids are UUIDs (version 7).
 */

/** Every object here is closed: a field that is not declared is not sent. */
export const shape = <T extends TProperties>(properties: T, description?: string) =>
  Type.Object(properties, { additionalProperties: false, ...(description ? { description } : {}) });

export const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
export const oneOf = <const T extends string[]>(values: readonly [...T], description?: string) =>
  Type.Enum<T>(values, description ? { description } : {});

export const Id = Type.String({ format: 'uuid', description: 'UUID, version 7' });
export const Time = Type.Number({ description: 'Unix time in seconds, with milliseconds as fraction' });
export const Count = Type.Integer({ minimum: 0 });
export const Sequence = Type.Integer({
  minimum: 0,
  description: "Place in the room's log: 1, 2, 3 … without gaps; 0 before the first event",
});

export const User = shape({ id: Id, username: Type.String(), guest: Type.Boolean() }, 'A person.');
export type User = Static<typeof User>;

export const Participant = shape(
  { id: Id, username: Type.String(), guest: Type.Boolean(), joined_at: Time },
  'A person who is in a room, whether connected or not.',
);
export type Participant = Static<typeof Participant>;

export const TrackStatus = oneOf(['queued', 'playing', 'played'] as const);
export type TrackStatus = Static<typeof TrackStatus>;

export const Track = shape(
  {
    id: Id,
    room_id: Id,
    title: Type.String(),
    artist: orNull(Type.String()),
    album: orNull(Type.String()),
    original_name: Type.String({ description: "The file's name as uploaded" }),
    duration: Type.Number({ exclusiveMinimum: 0, description: 'seconds' }),
    mime_type: Type.String(),
    size_bytes: Count,
    has_cover: Type.Boolean(),
    uploader: shape({ id: Id, username: Type.String() }),
    vote_score: Count,
    status: TrackStatus,
    placed: Type.Boolean({ description: 'Holds the place in the queue that the administrator gave it' }),
    stream_url: Type.String({ description: 'Path of the audio' }),
    cover_url: orNull(Type.String({ description: 'Path of the cover; null where there is none' })),
    created_at: Time,
  },
  'An uploaded track. `playing` is the room’s current track, even while paused or stopped.',
);
export type Track = Static<typeof Track>;

export const PlaybackStatus = oneOf(['playing', 'paused', 'stopped'] as const);
export type PlaybackStatus = Static<typeof PlaybackStatus>;

export const Playback = shape(
  {
    status: PlaybackStatus,
    track_id: orNull(Id),
    position: Type.Number({ minimum: 0, description: 'seconds into the track when this was written' }),
    started_at: orNull(
      Type.Number({
        description:
          'While playing: position now = server clock − started_at, and `position` until it has passed that. It may lie a moment ahead, so that every listener starts together. Else null.',
      }),
    ),
    version: Type.Integer({ minimum: 0, description: 'Grows with every change' }),
  },
  'What the room hears.',
);
export type Playback = Static<typeof Playback>;

export const Visibility = oneOf(['public', 'private'] as const);
export type Visibility = Static<typeof Visibility>;

export const Permission = oneOf(['administrator', 'everyone'] as const);
export type Permission = Static<typeof Permission>;

export const RoomSettings = shape(
  { playback_control: Permission, upload: Permission, vote: Permission },
  'Who may control playback, upload, and vote.',
);
export type RoomSettings = Static<typeof RoomSettings>;

const roomFields = {
  id: Id,
  name: Type.String(),
  visibility: Visibility,
  settings: RoomSettings,
  administrator: orNull(User),
  created_at: Time,
};
export const Room = shape(roomFields, 'What a room is called, how it is set, and who administers it.');
export type Room = Static<typeof Room>;

export const RoomSummary = shape(
  { ...roomFields, participant_count: Count, online_count: Count },
  'A room as it is listed.',
);
export type RoomSummary = Static<typeof RoomSummary>;

export const RoomState = shape(
  {
    ...roomFields,
    participants: Type.Array(Participant, { description: 'longest-standing first' }),
    participant_count: Count,
    online_users: Type.Array(User, { description: 'those with at least one open connection' }),
    online_count: Count,
    current_track: orNull(Track),
    queue: Type.Array(Track, { description: 'what comes next, next first' }),
    playback: Playback,
  },
  'Everything about a room.',
);
export type RoomState = Static<typeof RoomState>;

export const Invite = shape(
  {
    invite: Type.String({ description: 'What `join` takes' }),
    created_at: Time,
    expires_at: Time,
    max_uses: orNull(
      Type.Integer({ minimum: 1, description: 'How many may join with it; null for any number' }),
    ),
    uses: Type.Integer({ minimum: 0, description: 'How many have joined with it' }),
  },
  'Lets anyone who has it join a private room.',
);
export type Invite = Static<typeof Invite>;
