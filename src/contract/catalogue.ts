import { Type, type Static, type TProperties } from 'typebox';
import {
  Count,
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

/**
 * The event catalogue: every type that crosses the wire, declared once. Types, validation, the gateway's
 * behaviour, statistics labels and the AsyncAPI document follow from it.
 */

/** What each priority promises; see "Priorities" in docs/architecture.md. */
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
  group: G;
  audience: readonly Audience[];
  /** Logged unless its priority is not, or this says otherwise. */
  logged: boolean;
  description: string;
  data: ReturnType<typeof shape<D>>;
}

const declare = <const P extends Priority, const G extends Group, D extends TProperties>(
  group: G,
  priority: P,
  audience: readonly Audience[],
  description: string,
  data: D,
  logged: boolean = priorities[priority].logged,
): Declaration<P, G, D> => ({ priority, group, audience, logged, description, data: shape(data) });

const room = ['room'] as const;
const Position = Type.Integer({ minimum: 1, description: 'Place in the queue; 1 is next' });
const PositionOrNone = orNull(
  Type.Integer({ minimum: 1, description: 'Place in the queue; 1 is next; null where it is not queued' }),
);

export const catalogue = {
  user_joined: declare('user', 'critical', room, 'Someone became a participant.', {
    user: User,
    participant_count: Count,
  }),
  user_left: declare('user', 'critical', room, 'Someone is no longer a participant.', {
    user: User,
    participant_count: Count,
    reason: oneOf(['left', 'kicked', 'banned'] as const),
  }),
  user_connected_websocket: declare(
    'user',
    'high',
    room,
    "A user's first connection to the room, on any node. Not raised in rooms with more than 200 users online.",
    { user: User, online_count: Count },
  ),
  user_disconnected_websocket: declare(
    'user',
    'high',
    room,
    "A user's last connection to the room is gone, on every node: closed by the client, or lost for 5 s. Not raised in rooms with more than 200 users online.",
    { user: User, online_count: Count },
  ),
  listeners_updated: declare(
    'user',
    'normal',
    room,
    'How many users are connected, and how many of them report that they hear the music. At most once a second. In rooms with more than 200 users online it replaces the events by user.',
    { online_count: Count, listening_count: Count },
  ),
  track_added: declare('track', 'high', room, 'A track was uploaded into the queue.', {
    track: Track,
    uploader: User,
    queue_position: Position,
    total_tracks: Type.Integer({ minimum: 1, description: 'How many tracks are queued, this one included' }),
  }),
  track_voted: declare('track', 'high', room, 'A track got a vote.', {
    track: Track,
    voter: User,
    queue_position: PositionOrNone,
  }),
  track_unvoted: declare('track', 'high', room, 'A vote was taken back.', {
    track: Track,
    voter: User,
    queue_position: PositionOrNone,
  }),
  track_removed: declare('track', 'high', room, 'A track was taken out of the room.', {
    track: Track,
    removed_by: User,
    reason: oneOf(['uploader', 'administrator'] as const, 'As what `removed_by` removed it'),
  }),
  queue_reordered: declare(
    'track',
    'high',
    room,
    'The administrator placed this track; the others close up.',
    { track_id: Id, queue_position: Position, user: User },
  ),
  playback_started: declare('playback', 'critical', room, 'A track began.', {
    track: Track,
    playback: Playback,
    user: orNull(User),
  }),
  playback_paused: declare('playback', 'critical', room, 'Playback holds at a position.', {
    playback: Playback,
    user: orNull(User),
  }),
  playback_resumed: declare('playback', 'critical', room, 'Playback goes on from where it held.', {
    playback: Playback,
    user: orNull(User),
  }),
  playback_stopped: declare(
    'playback',
    'critical',
    room,
    'Playback ended; the current track stays current.',
    {
      playback: Playback,
      user: orNull(User),
      reason: oneOf(['stopped'] as const),
    },
  ),
  playback_seeked: declare('playback', 'critical', room, 'Playback moved to another position.', {
    playback: Playback,
    user: orNull(User),
  }),
  track_skipped: declare(
    'playback',
    'critical',
    room,
    'The current track gave way to the next one, or to silence where the queue is empty.',
    {
      previous_track: Track,
      track: orNull(Track),
      playback: Playback,
      user: orNull(User),
      reason: oneOf(['skipped', 'ended', 'removed'] as const),
    },
  ),
  room_state_updated: declare('room', 'normal', room, 'Name, settings or administrator changed.', {
    room: Room,
  }),
  room_created: declare('room', 'high', ['lobby'], 'A public room was made.', { room: RoomSummary }),
  room_deleted: declare(
    'room',
    'critical',
    ['room', 'lobby'],
    "The room is gone. The room's last event: its log goes with it, its sockets are closed.",
    { room: Room, user: User },
  ),
  server_status: declare('system', 'normal', ['lobby', 'room'], 'How the server is.', {
    status: oneOf(['ok', 'degraded', 'draining'] as const),
    message: Type.String(),
    sequence: Type.Optional(Sequence),
  }),
  connection_established: declare(
    'system',
    'normal',
    ['connection'],
    'First on every connection to a room: its whole state as of `sequence` (null for a client that resumes and asked for it only `when_needed`); what was missed follows.',
    {
      user: User,
      room: orNull(RoomState),
      sequence: Sequence,
      resumed: Type.Boolean({ description: 'Every event after `after_sequence` follows, up to `sequence`' }),
      replayed: Type.Integer({ minimum: 0, description: 'How many follow' }),
    },
  ),
  error: declare(
    'system',
    'high',
    ['connection', 'user'],
    'Something went wrong for this connection or user alone.',
    { code: Type.String(), message: Type.String(), details: Type.Optional(Type.Unknown()) },
    false,
  ),
} as const;

export type Catalogue = typeof catalogue;
export type EventType = keyof Catalogue;
export const eventTypes = Object.keys(catalogue) as EventType[];
export const isEventType = (value: string): value is EventType => Object.hasOwn(catalogue, value);

/** What belongs to a type, besides `room_id`, `timestamp` and `server_time`. */
export type EventData<T extends EventType> = Static<Catalogue[T]['data']>;

export type TypesOfGroup<G extends Group> = {
  [T in EventType]: Catalogue[T]['group'] extends G ? T : never;
}[EventType];

/** What every payload carries. `room_id` is null in the lobby for what concerns no room. */
export const commonData = {
  room_id: orNull(Id),
  timestamp: Type.Number({ description: 'When it happened: Unix time in seconds' }),
  server_time: Type.Number({ description: "The server's clock when this copy was sent" }),
};

export const Metadata = shape({
  priority: oneOf(['critical', 'high', 'normal', 'low'] as const),
  requires_confirmation: Type.Boolean(),
  retry_count: Count,
  created_at: Time,
  sequence: Type.Optional(Sequence),
});
export type Metadata = Static<typeof Metadata>;

/** An event as it is kept: all of the envelope but the time of sending. */
export interface RoomEvent<T extends EventType = EventType> {
  event_id: string;
  type: T;
  data: { room_id: string | null; timestamp: number } & EventData<T>;
  metadata: Metadata;
}

/** An event as it is sent. */
export type Envelope<T extends EventType = EventType> = {
  [K in T]: {
    event_id: string;
    type: K;
    data: { room_id: string | null; timestamp: number; server_time: number } & EventData<K>;
    metadata: Metadata;
  };
}[T];
