import { Type, type Static, type TProperties } from 'typebox';
import { reactions } from './social.js';
import {
  ClockId,
  Count,
  Epoch,
  Id,
  Playback,
  Room,
  RoomState,
  RoomSummary,
  Sequence,
  Time,
  Track,
  User,
  oneOf,
  orNull,
  shape,
} from './views.js';

/*
 * The event catalogue: every event type, declared once. TypeScript types, validation, the gateway's behaviour,
 * statistics labels and the AsyncAPI document are derived from it.
 */

/** What each priority guarantees; see "Priorities" in docs/architecture.md. */
export const priorities = {
  critical: { logged: true, confirmed: true },
  high: { logged: true, confirmed: false },
  normal: { logged: false, confirmed: false },
  low: { logged: false, confirmed: false },
} as const;
export type Priority = keyof typeof priorities;

export type Audience = 'room' | 'lobby' | 'connection' | 'user';
export type Group = 'user' | 'track' | 'playback' | 'room' | 'system';

interface Declaration<P extends Priority, G extends Group, D extends TProperties> {
  priority: P;
  /** The priority of the copy that the lobby receives; the same by default. */
  lobbyPriority: Priority;
  group: G;
  audience: readonly Audience[];
  /** Whether it is written to the room's log; by default as its priority says. The lobby has no log. */
  logged: boolean;
  description: string;
  data: ReturnType<typeof shape<D>>;
}

interface Options {
  logged?: boolean;
  lobbyPriority?: Priority;
}

const declare = <const P extends Priority, const G extends Group, D extends TProperties>(
  group: G,
  priority: P,
  audience: readonly Audience[],
  description: string,
  data: D,
  { logged = priorities[priority].logged, lobbyPriority = priority }: Options = {},
): Declaration<P, G, D> => ({
  priority,
  lobbyPriority,
  group,
  audience,
  logged,
  description,
  data: shape(data),
});

const room = ['room'] as const;
const Position = Type.Integer({ minimum: 1, description: 'Position in the queue; 1 is next' });
const PositionOrNone = orNull(
  Type.Integer({ minimum: 1, description: 'Position in the queue; 1 is next; null if it is not queued' }),
);

/** Every event type: group, priority, audience, description, and the fields of its `data`. */
export const catalogue = {
  user_joined: declare('user', 'critical', room, 'A user joined the room.', {
    user: User,
    participant_count: Count,
  }),
  user_left: declare('user', 'critical', room, 'A user left the room, was removed or was banned.', {
    user: User,
    participant_count: Count,
    reason: oneOf(['left', 'kicked', 'banned'] as const),
  }),
  user_connected_websocket: declare(
    'user',
    'high',
    room,
    "A user's first connection to the room opened, on any node. Not raised in rooms with more than 200 users online.",
    { user: User, online_count: Count },
  ),
  user_disconnected_websocket: declare(
    'user',
    'high',
    room,
    "A user's last connection to the room ended, on any node: closed by the client, or lost and not replaced within 5 s. Not raised in rooms with more than 200 users online.",
    { user: User, online_count: Count },
  ),
  user_updated: declare(
    'user',
    'high',
    room,
    'A participant has another name, or a guest has registered: `user` replaces the previous one everywhere in the state.',
    { user: User, previous_username: Type.String() },
  ),
  listeners_updated: declare(
    'user',
    'normal',
    room,
    'How many users are online, and how many of them report that they hear the music. Sent at most once a second. In rooms with more than 200 users online it replaces `user_connected_websocket` and `user_disconnected_websocket`.',
    { online_count: Count, listening_count: Count },
  ),
  track_added: declare(
    'track',
    'high',
    room,
    'A track was uploaded, or a played one added again: it is in the queue, and not in the history any more. `uploader` is who added it.',
    {
      track: Track,
      uploader: User,
      queue_position: Position,
      total_tracks: Type.Integer({ minimum: 1, description: 'Number of queued tracks, including this one' }),
    },
  ),
  track_voted: declare('track', 'high', room, 'A user voted for a track.', {
    track: Track,
    voter: User,
    queue_position: PositionOrNone,
  }),
  track_unvoted: declare('track', 'high', room, 'A user withdrew their vote.', {
    track: Track,
    voter: User,
    queue_position: PositionOrNone,
  }),
  track_removed: declare('track', 'high', room, 'A track was removed from the room.', {
    track: Track,
    removed_by: User,
    reason: oneOf(['uploader', 'administrator'] as const, 'The role in which `removed_by` removed it'),
  }),
  queue_reordered: declare(
    'track',
    'high',
    room,
    'The administrator moved a track to a position in the queue; the other tracks keep their order.',
    { track_id: Id, queue_position: Position, user: User },
  ),
  skip_voted: declare(
    'track',
    'high',
    room,
    'A user voted to skip the current track. If that was the last vote needed, `track_skipped` follows.',
    {
      track_id: Id,
      user: User,
      votes: Type.Integer({ minimum: 1, description: 'Number of votes, including this one' }),
      needed: Type.Integer({ minimum: 1, description: 'Number of votes that skip the track' }),
    },
  ),
  reaction_sent: declare(
    'user',
    'low',
    room,
    'A user reacted to what is heard. Dropped for clients that are behind, and where a room has too many at once.',
    { user: User, reaction: oneOf(reactions) },
  ),
  playback_started: declare('playback', 'critical', room, 'A track started.', {
    track: Track,
    playback: Playback,
    user: orNull(User),
  }),
  playback_paused: declare('playback', 'critical', room, 'Playback was paused.', {
    playback: Playback,
    user: orNull(User),
  }),
  playback_resumed: declare(
    'playback',
    'critical',
    room,
    'Playback resumed from the position at which it was paused.',
    {
      playback: Playback,
      user: orNull(User),
    },
  ),
  playback_stopped: declare(
    'playback',
    'critical',
    room,
    'Playback was stopped; the current track stays current, at its beginning.',
    {
      playback: Playback,
      user: orNull(User),
      reason: oneOf(['stopped'] as const),
    },
  ),
  playback_seeked: declare(
    'playback',
    'critical',
    room,
    'Playback moved to another position. With `user` null the position is the same, and `started_at` is on the room clock of a server that has restarted.',
    {
      playback: Playback,
      user: orNull(User),
    },
  ),
  track_skipped: declare(
    'playback',
    'critical',
    room,
    'The current track ended, was skipped or was removed. The next one starts, or none if the queue is empty. `previous_track.status` tells where the previous one is now: `played` in the history, `queued` at the end of the queue without votes, `playing` if it starts again, as `track`. `user` is null if the server advanced or votes skipped it. With the reason `ended` and a next track it is sent before the end: `started_at` is the moment at which the previous track ends.',
    {
      previous_track: Track,
      track: orNull(Track),
      playback: Playback,
      user: orNull(User),
      reason: oneOf(['skipped', 'ended', 'removed'] as const),
    },
  ),
  room_state_updated: declare(
    'room',
    'high',
    ['room', 'lobby'],
    "The room's name, visibility, settings or administrator changed. The lobby receives a copy for public rooms.",
    { room: Room },
    { lobbyPriority: 'normal' },
  ),
  room_created: declare(
    'room',
    'high',
    ['lobby'],
    'A public room was created, or a private room became public.',
    {
      room: RoomSummary,
    },
  ),
  room_deleted: declare(
    'room',
    'critical',
    ['room', 'lobby'],
    "The room was deleted. This is the room's last event: its log is deleted and its sockets are closed. In the lobby also: a public room became private.",
    { room: Room, user: User },
  ),
  server_status: declare('system', 'normal', ['lobby', 'room'], "The server's status changed.", {
    status: oneOf(['ok', 'degraded', 'draining'] as const),
    message: Type.String(),
    sequence: Type.Optional(Sequence),
  }),
  connection_established: declare(
    'system',
    'normal',
    ['connection'],
    'The first event on every connection to a room: its complete state as of `sequence` (`room` is null if the client resumes and asked for the state only `when_needed`). Missed events follow.',
    {
      user: User,
      room: orNull(RoomState),
      sequence: Sequence,
      epoch: Epoch,
      resumed: Type.Boolean({
        description: 'Whether every event after `after_sequence`, up to `sequence`, follows',
      }),
      replayed: Type.Integer({ minimum: 0, description: 'Number of replayed events that follow' }),
      my_votes: Type.Array(Id, {
        description:
          "Ids of the tracks that the connection's user has voted for, of those in the state: current track, queue and history",
      }),
      clock_id: ClockId,
    },
  ),
  error: declare(
    'system',
    'high',
    ['connection', 'user'],
    'An error that concerns only this connection or user.',
    { code: Type.String(), message: Type.String(), details: Type.Optional(Type.Unknown()) },
    { logged: false },
  ),
} as const;

export type Catalogue = typeof catalogue;
export type EventType = keyof Catalogue;
/** The names of all event types, in the order of the catalogue. */
export const eventTypes = Object.keys(catalogue) as EventType[];
/** Whether a name is that of an event type. */
export const isEventType = (value: string): value is EventType => Object.hasOwn(catalogue, value);

/** The fields of `data` that are specific to a type: all but `room_id`, `timestamp` and `server_time`. */
export type EventData<T extends EventType> = Static<Catalogue[T]['data']>;

export type TypesOfGroup<G extends Group> = {
  [T in EventType]: Catalogue[T]['group'] extends G ? T : never;
}[EventType];

/** The fields that `data` has in every type. `room_id` is null for lobby events that do not concern a room. */
export const commonData = {
  room_id: orNull(Id),
  timestamp: Type.Number({ description: 'When the change happened: Unix time in seconds' }),
  server_time: Type.Number({ description: "The server's clock when this copy was sent" }),
};

/** The `metadata` of an envelope. */
export const Metadata = shape({
  priority: oneOf(['critical', 'high', 'normal', 'low'] as const),
  requires_confirmation: Type.Boolean(),
  retry_count: Count,
  created_at: Time,
  sequence: Type.Optional(Sequence),
});
export type Metadata = Static<typeof Metadata>;

/** An event as it is stored: the envelope without `server_time`, which is set when a copy is sent. */
export interface RoomEvent<T extends EventType = EventType> {
  event_id: string;
  type: T;
  data: { room_id: string | null; timestamp: number } & EventData<T>;
  metadata: Metadata;
}

/** An event as it is sent: the stored event and `server_time`. */
export type Envelope<T extends EventType = EventType> = {
  [K in T]: {
    event_id: string;
    type: K;
    data: { room_id: string | null; timestamp: number; server_time: number } & EventData<K>;
    metadata: Metadata;
  };
}[T];
