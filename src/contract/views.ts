import { Type, type Static, type TProperties, type TSchema } from 'typebox';

/*
 * The objects that REST answers and events carry. Names are snake_case as on the wire; times are Unix seconds with
 * milliseconds as fraction; durations and positions are seconds; ids are UUIDs (version 7).
 */

/** The schema of an object without additional properties: a field that is not declared is not sent. */
export const shape = <T extends TProperties>(properties: T, description?: string) =>
  Type.Object(properties, { additionalProperties: false, ...(description ? { description } : {}) });

/** The schema of a value that may be null. */
export const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** The schema of one of several strings. */
export const oneOf = <const T extends string[]>(values: readonly [...T], description?: string) =>
  Type.Enum<T>(values, description ? { description } : {});

export const Id = Type.String({ format: 'uuid', description: 'UUID, version 7' });
export const Time = Type.Number({ description: 'Unix time in seconds, with milliseconds as fraction' });
export const RoomTime = Type.Number({
  description: 'Time on the room clock: Unix time in seconds, with microseconds as fraction',
});
export const ClockId = Type.String({
  minLength: 1,
  maxLength: 64,
  description:
    'Opaque. Times on the room clock with the same `clock_id` are on one clock, which never goes back; measure it again when the id changes',
});
export const Count = Type.Integer({ minimum: 0 });
export const Sequence = Type.Integer({
  minimum: 0,
  description: "Position in the room's log: 1, 2, 3 … without gaps; 0 before the first event",
});

export const maxEpochLength = 64;
export const Epoch = Type.String({
  minLength: 1,
  maxLength: maxEpochLength,
  description:
    "Opaque; the same as long as the room's `sequence` continues. A `sequence` is valid only within its epoch",
});

export const EventReference = shape(
  { event_id: Id, sequence: Sequence },
  'A logged event: a client that has applied it has applied the whole change.',
);
export type EventReference = Static<typeof EventReference>;

export const User = shape(
  { id: Id, username: Type.String(), guest: Type.Boolean() },
  'A user; `guest` is true until they register.',
);
export type User = Static<typeof User>;

export const Participant = shape(
  { id: Id, username: Type.String(), guest: Type.Boolean(), joined_at: Time },
  'A user who has joined a room, whether connected or not.',
);
export type Participant = Static<typeof Participant>;

export const Loudness = shape(
  {
    integrated_lufs: Type.Number({
      description: 'Integrated loudness (ITU-R BS.1770-4) on two speakers: one channel counts twice',
    }),
    true_peak_db: Type.Number({ description: 'True peak in dBTP; above 0 if the track clips' }),
  },
  'How loud a track is, measured over its whole length.',
);
export type Loudness = Static<typeof Loudness>;

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
    duration: Type.Number({ exclusiveMinimum: 0, description: 'Seconds' }),
    mime_type: Type.String(),
    size_bytes: Count,
    has_cover: Type.Boolean(),
    uploader: shape({ id: Id, username: Type.String() }),
    vote_score: Count,
    status: TrackStatus,
    placed: Type.Boolean({
      description: 'Whether it has a position that the administrator gave it and votes do not change',
    }),
    stream_url: Type.String({ description: 'Path of the audio' }),
    cover_url: orNull(
      Type.String({
        description:
          'Path of the cover; null if there is none. `?size=` 96, 320 or 1024 (default) selects a size',
      }),
    ),
    cover_color: orNull(
      Type.String({ pattern: '^#[0-9a-f]{6}$', description: "The cover's dominant colour, if it is known" }),
    ),
    loudness: Type.Union([Loudness, Type.Null()], {
      description:
        'Null if it was not measured: silent, too long to decode, no decoder (AAC), or an old upload',
    }),
    has_waveform: Type.Boolean({ description: 'Whether `/waveform` has peaks of this track' }),
    created_at: Type.Number({
      description: 'When it was added to the queue, for the last time: Unix time in seconds',
    }),
  },
  'An uploaded track. `status` is `playing` for the room’s current track, even while paused or stopped.',
);
export type Track = Static<typeof Track>;

export const PlaybackStatus = oneOf(['playing', 'paused', 'stopped'] as const);
export type PlaybackStatus = Static<typeof PlaybackStatus>;

export const Playback = shape(
  {
    status: PlaybackStatus,
    track_id: orNull(Id),
    position: Type.Number({
      minimum: 0,
      description: 'Seconds into the track at the time of this state, with microseconds as fraction',
    }),
    started_at: orNull(
      Type.Number({
        description:
          'On the room clock, in microseconds. While playing, the position now is the larger of `position` and room clock − `started_at`, and at most the duration of the track. It may lie a moment ahead, so that all listeners start together: until then they go on with what they play. Null unless playing.',
      }),
    ),
    version: Type.Integer({ minimum: 0, description: 'Increases with every change' }),
  },
  'The playback state of a room.',
);
export type Playback = Static<typeof Playback>;

export const Visibility = oneOf(['public', 'private'] as const);
export type Visibility = Static<typeof Visibility>;

export const Permission = oneOf(['administrator', 'everyone'] as const);
export type Permission = Static<typeof Permission>;

export const minSkipVoteShare = 0.1;
export const maxTracksPerUser = 500;

export const RoomSettings = shape(
  {
    playback_control: Permission,
    upload: Permission,
    vote: Permission,
    skip_vote_share: orNull(
      Type.Number({
        minimum: minSkipVoteShare,
        maximum: 1,
        description:
          'The share of the online users whose votes skip the current track; null: it cannot be skipped by vote',
      }),
    ),
    max_tracks_per_user: orNull(
      Type.Integer({
        minimum: 1,
        maximum: maxTracksPerUser,
        description: 'How many tracks of one uploader may be queued at once; null: no limit',
      }),
    ),
    fair_turns: Type.Boolean({
      description: 'Whether uploaders take turns in the queue, instead of votes alone deciding',
    }),
    fallback: oneOf(
      ['off', 'history'],
      'What plays when the queue is empty: nothing, or the track of the history that was played longest ago',
    ),
    repeat: oneOf(
      ['off', 'track', 'queue'],
      'What happens to a track that ends by itself: it moves to the history, starts again, or returns to the end of the queue without its votes',
    ),
    level_loudness: Type.Boolean({ description: 'Whether clients play all tracks equally loud' }),
  },
  'Who may control playback, upload, and vote; and how the room plays.',
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
export const Room = shape(roomFields, 'A room: its name, visibility, settings and administrator.');
export type Room = Static<typeof Room>;

export const RoomSummary = shape(
  { ...roomFields, participant_count: Count, online_count: Count },
  'A room in a list.',
);
export type RoomSummary = Static<typeof RoomSummary>;

/** How many played tracks the state of a room contains at most. */
export const historyLength = 20;

export const RoomState = shape(
  {
    ...roomFields,
    participants: Type.Array(Participant, { description: 'In the order in which they joined' }),
    participant_count: Count,
    online_users: Type.Array(User, { description: 'Users with at least one open connection' }),
    online_count: Count,
    current_track: orNull(Track),
    queue: Type.Array(Track, { description: 'In playing order' }),
    history: Type.Array(Track, {
      maxItems: historyLength,
      description: 'The tracks that were played last, newest first',
    }),
    playback: Playback,
    skip_voters: Type.Array(Id, {
      description: 'Ids of the users who have voted to skip the current track, in the order of the ids',
    }),
  },
  'The complete state of a room.',
);
export type RoomState = Static<typeof RoomState>;

/** How many usernames a preview contains at most. */
export const previewListeners = 5;

export const RoomPreview = shape(
  {
    id: Id,
    name: Type.String(),
    visibility: Visibility,
    participant_count: Count,
    online_count: Count,
    listeners: Type.Array(Type.String(), {
      maxItems: previewListeners,
      description: 'Usernames of some of the users who are online',
    }),
    current_track: orNull(
      shape({
        title: Type.String(),
        artist: orNull(Type.String()),
        cover_color: Type.Optional(orNull(Type.String())),
      }),
    ),
  },
  'What is shown of a room to those who have not joined it.',
);
export type RoomPreview = Static<typeof RoomPreview>;

export const Invite = shape(
  {
    invite: Type.String({ description: 'The code that `join` accepts' }),
    created_at: Time,
    expires_at: Time,
    max_uses: orNull(
      Type.Integer({ minimum: 1, description: 'Number of users who may join with it; null: unlimited' }),
    ),
    uses: Type.Integer({ minimum: 0, description: 'Number of users who have joined with it' }),
  },
  'An invite to a private room; anyone who has the code may join.',
);
export type Invite = Static<typeof Invite>;
