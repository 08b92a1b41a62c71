// Generated from src/contract by `npm run documents`; do not edit.

/** A user; `guest` is true until they register. */
export interface User {
  /** UUID, version 7 */
  readonly id: string;
  readonly username: string;
  readonly guest: boolean;
}

/** A user who has joined a room, whether connected or not. */
export interface Participant {
  /** UUID, version 7 */
  readonly id: string;
  readonly username: string;
  readonly guest: boolean;
  /** Unix time in seconds, with milliseconds as fraction */
  readonly joined_at: number;
}

export type TrackStatus = 'queued' | 'playing' | 'played';

/** An uploaded track. `status` is `playing` for the room’s current track, even while paused or stopped. */
export interface Track {
  /** UUID, version 7 */
  readonly id: string;
  /** UUID, version 7 */
  readonly room_id: string;
  readonly title: string;
  readonly artist: string | null;
  readonly album: string | null;
  /** The file's name as uploaded */
  readonly original_name: string;
  /** Seconds */
  readonly duration: number;
  readonly mime_type: string;
  readonly size_bytes: number;
  readonly has_cover: boolean;
  readonly uploader: {
    /** UUID, version 7 */
    readonly id: string;
    readonly username: string;
  };
  readonly vote_score: number;
  readonly status: TrackStatus;
  /** Whether it has a position that the administrator gave it and votes do not change */
  readonly placed: boolean;
  /** Path of the audio */
  readonly stream_url: string;
  /** Path of the cover; null if there is none. `?size=` 96, 320 or 1024 (default) selects a size */
  readonly cover_url: string | null;
  /** The cover's dominant colour, if it is known */
  readonly cover_color: string | null;
  /** Null if it was not measured: silent, too long to decode, no decoder (AAC), or an old upload */
  readonly loudness: {
    /** Integrated loudness (ITU-R BS.1770-4) on two speakers: one channel counts twice */
    readonly integrated_lufs: number;
    /** True peak in dBTP; above 0 if the track clips */
    readonly true_peak_db: number;
  } | null;
  /** Whether `/waveform` has peaks of this track */
  readonly has_waveform: boolean;
  /** When it was added to the queue, for the last time: Unix time in seconds */
  readonly created_at: number;
}

export type PlaybackStatus = 'playing' | 'paused' | 'stopped';

/** The playback state of a room. */
export interface Playback {
  readonly status: PlaybackStatus;
  /** UUID, version 7 */
  readonly track_id: string | null;
  /** Seconds into the track at the time of this state, with microseconds as fraction */
  readonly position: number;
  /** On the room clock, in microseconds. While playing, the position now is the larger of `position` and room clock − `started_at`, and at most the duration of the track. It may lie a moment ahead, so that all listeners start together: until then they go on with what they play. Null unless playing. */
  readonly started_at: number | null;
  /** Increases with every change */
  readonly version: number;
}

export type Visibility = 'public' | 'private';

export type Permission = 'administrator' | 'everyone';

/** Who may control playback, upload, and vote; and how the room plays. */
export interface RoomSettings {
  readonly playback_control: Permission;
  readonly upload: Permission;
  readonly vote: Permission;
  /** The share of the online users whose votes skip the current track; null: it cannot be skipped by vote */
  readonly skip_vote_share: number | null;
  /** How many tracks of one uploader may be queued at once; null: no limit */
  readonly max_tracks_per_user: number | null;
  /** Whether uploaders take turns in the queue, instead of votes alone deciding */
  readonly fair_turns: boolean;
  /** What plays when the queue is empty: nothing, or the track of the history that was played longest ago */
  readonly fallback: 'off' | 'history';
  /** What happens to a track that ends by itself: it moves to the history, starts again, or returns to the end of the queue without its votes */
  readonly repeat: 'off' | 'track' | 'queue';
  /** Whether clients play all tracks equally loud */
  readonly level_loudness: boolean;
}

/** A room: its name, visibility, settings and administrator. */
export interface Room {
  /** UUID, version 7 */
  readonly id: string;
  readonly name: string;
  readonly visibility: Visibility;
  readonly settings: RoomSettings;
  readonly administrator: User | null;
  /** Unix time in seconds, with milliseconds as fraction */
  readonly created_at: number;
}

/** A room in a list. */
export interface RoomSummary {
  /** UUID, version 7 */
  readonly id: string;
  readonly name: string;
  readonly visibility: Visibility;
  readonly settings: RoomSettings;
  readonly administrator: User | null;
  /** Unix time in seconds, with milliseconds as fraction */
  readonly created_at: number;
  readonly participant_count: number;
  readonly online_count: number;
}

/** The complete state of a room. */
export interface RoomState {
  /** UUID, version 7 */
  readonly id: string;
  readonly name: string;
  readonly visibility: Visibility;
  readonly settings: RoomSettings;
  readonly administrator: User | null;
  /** Unix time in seconds, with milliseconds as fraction */
  readonly created_at: number;
  /** In the order in which they joined */
  readonly participants: readonly Participant[];
  readonly participant_count: number;
  /** Users with at least one open connection */
  readonly online_users: readonly User[];
  readonly online_count: number;
  readonly current_track: Track | null;
  /** In playing order */
  readonly queue: readonly Track[];
  /** The tracks that were played last, newest first */
  readonly history: readonly Track[];
  readonly playback: Playback;
  /** Ids of the users who have voted to skip the current track, in the order of the ids */
  readonly skip_voters: readonly string[];
}

/** What is shown of a room to those who have not joined it. */
export interface RoomPreview {
  /** UUID, version 7 */
  readonly id: string;
  readonly name: string;
  readonly visibility: Visibility;
  readonly participant_count: number;
  readonly online_count: number;
  /** Usernames of some of the users who are online */
  readonly listeners: readonly string[];
  readonly current_track: {
    readonly title: string;
    readonly artist: string | null;
    readonly cover_color?: string | null;
  } | null;
}

/** An invite to a private room; anyone who has the code may join. */
export interface Invite {
  /** The code that `join` accepts */
  readonly invite: string;
  /** Unix time in seconds, with milliseconds as fraction */
  readonly created_at: number;
  /** Unix time in seconds, with milliseconds as fraction */
  readonly expires_at: number;
  /** Number of users who may join with it; null: unlimited */
  readonly max_uses: number | null;
  /** Number of users who have joined with it */
  readonly uses: number;
}

export interface Metadata {
  readonly priority: 'critical' | 'high' | 'normal' | 'low';
  readonly requires_confirmation: boolean;
  readonly retry_count: number;
  /** Unix time in seconds, with milliseconds as fraction */
  readonly created_at: number;
  /** Position in the room's log: 1, 2, 3 … without gaps; 0 before the first event */
  readonly sequence?: number;
}

/** A listener's connection: its last `sync_report`, with null for everything that was not reported, and its confirmations. */
export interface ListenerConnection {
  /** By how much the listener is ahead of the room, in seconds */
  readonly drift: number | null;
  /** Round trip of messages between client and server, in seconds */
  readonly round_trip: number | null;
  /** Audio that is decoded ahead of what is heard, in seconds */
  readonly buffered: number | null;
  /** By how much the client's reading of the room clock may be wrong, in seconds */
  readonly uncertainty: number | null;
  /** From handing audio to the output device until it is heard, in seconds */
  readonly output_latency: number | null;
  /** The offset that the user set for the output device, in seconds */
  readonly offset: number | null;
  readonly status: 'blocked' | 'buffering' | 'in_step' | 'correcting' | 'silent' | null;
  readonly muted: boolean | null;
  /** When the client sent its last `sync_report`; null if it sent none */
  readonly reported_at: number | null;
  /** The event that the client confirmed last */
  readonly last_confirmed: {
    /** Position in the room's log: 1, 2, 3 … without gaps; 0 before the first event */
    readonly sequence: number;
    /** Unix time in seconds, with milliseconds as fraction */
    readonly confirmed_at: number;
  } | null;
  /** How many copies were sent again because an event was not confirmed in time */
  readonly retries: number;
}

/** A user who is online in a room. */
export interface Listener {
  readonly user: User;
  /** Open connections to the room, on the node that answers; empty for a user who was disconnected within the last 5 s */
  readonly connections: readonly ListenerConnection[];
}

export interface ListenerList {
  /** In the order of their user ids */
  readonly listeners: readonly Listener[];
  readonly online_count: number;
  readonly listening_count: number;
  readonly more: boolean;
  /** `after` for the next page; null on the last page */
  readonly next: string | null;
}

/** The delivery of an event to one user. A user has confirmed once each of their connections has. */
export interface DeliveryUser {
  /** UUID, version 7 */
  readonly id: string;
  readonly username: string;
  readonly outcome: 'confirmed' | 'pending' | 'superseded' | 'expired' | 'dead_letter';
  /** Number of the user's connections that it was sent to */
  readonly connections: number;
  readonly confirmed_connections: number;
  /** Highest number of attempts on any of the connections */
  readonly attempts: number;
  /** Seconds from the first attempt to the confirmation; null if unknown */
  readonly seconds: number | null;
  /** When the user confirmed it after the outcome was decided: late, or after it was replayed on reconnecting. Unix time in seconds */
  readonly confirmed_late_at: number | null;
}

/** The delivery of one event: who was expected to confirm it, who has, after how many attempts and how fast, and who has not. */
export interface DeliveryReport {
  /** UUID, version 7 */
  readonly event_id: string;
  readonly type: string;
  readonly sequence: number;
  /** Unix time in seconds, with milliseconds as fraction */
  readonly created_at: number;
  readonly requires_confirmation: boolean;
  /** No confirmation of it is pending any more */
  readonly complete: boolean;
  readonly expected: number;
  readonly confirmed: number;
  readonly pending: number;
  readonly superseded: number;
  /** Disconnected before confirming; the event is replayed when the user reconnects */
  readonly expired: number;
  /** Still connected, and unconfirmed after the last attempt */
  readonly dead_letters: number;
  /** Number of users in `users` who confirmed it after their outcome was decided */
  readonly confirmed_late: number;
  readonly connections: {
    readonly expected: number;
    readonly confirmed: number;
  };
  /** Highest number of attempts for any user; 0 if no confirmation was expected */
  readonly attempts: number;
  readonly time_to_confirmation: {
    /** Seconds from the first attempt to the confirmation; null if unknown */
    readonly p50: number | null;
    /** Seconds from the first attempt to the confirmation; null if unknown */
    readonly p99: number | null;
    /** Seconds from the first attempt to the confirmation; null if unknown */
    readonly max: number | null;
  };
  /** Of a node with 50 or fewer users, all; otherwise those who needed a retry, took more than a second or did not confirm, worst first, at most 100 per node */
  readonly users: readonly DeliveryUser[];
  /** Number of users who are counted but not listed in `users` */
  readonly users_left_out: number;
}

/** The state of the server. */
export interface AdminOverview {
  /** Unix time in seconds, with milliseconds as fraction */
  readonly server_time: number;
  /** Unix time in seconds, with milliseconds as fraction */
  readonly started_at: number;
  /** Seconds since this process started */
  readonly uptime: number;
  readonly version: string;
  /** UUID, version 7 */
  readonly node_id: string;
  /** The version of Node.js */
  readonly nodejs: string;
  readonly rooms: number;
  readonly users: number;
  /** Open connections to this node */
  readonly connections: number;
  /** By event type, over the last minute on this node; types without events are left out */
  readonly events_per_second: Readonly<Record<string, number>>;
  /** Of the last hour on this node. */
  readonly latencies: {
    /** Upper bounds of histogram buckets, at most twice the true value; null if nothing was measured. */
    readonly commit_to_write: {
      readonly count: number;
      /** Seconds */
      readonly p50: number | null;
      /** Seconds */
      readonly p95: number | null;
      /** Seconds */
      readonly p99: number | null;
    };
    /** Upper bounds of histogram buckets, at most twice the true value; null if nothing was measured. */
    readonly write_to_confirmation: {
      readonly count: number;
      /** Seconds */
      readonly p50: number | null;
      /** Seconds */
      readonly p95: number | null;
      /** Seconds */
      readonly p99: number | null;
    };
  };
  /** Since this process started. */
  readonly confirmations: {
    readonly pending: number;
    readonly confirmed: number;
    readonly retries: number;
    readonly dead_letters: number;
  };
  readonly memory: {
    readonly rss_bytes: number;
    readonly heap_used_bytes: number;
    readonly external_bytes: number;
  };
  /** By how many seconds timers were late since the last request of the overview. Null for the first request: it is measured only while the overview is being read. */
  readonly loop_delay: {
    readonly mean: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  } | null;
  readonly storage: {
    readonly tracks: number;
    /** Audio and covers of all tracks */
    readonly bytes: number;
    readonly max_bytes: number | null;
  };
}

export interface AdminRoom {
  /** UUID, version 7 */
  readonly id: string;
  readonly name: string;
  readonly visibility: Visibility;
  readonly administrator: User | null;
  /** Unix time in seconds, with milliseconds as fraction */
  readonly created_at: number;
  readonly participants: number;
  readonly online: number;
  /** Connections to this node */
  readonly connections: number;
  readonly tracks: number;
  /** Audio and covers of its tracks */
  readonly bytes: number;
  /** Position in the room's log: 1, 2, 3 … without gaps; 0 before the first event */
  readonly sequence: number;
}

export interface AdminRoomList {
  /** Newest first */
  readonly rooms: readonly AdminRoom[];
  readonly more: boolean;
  /** UUID, version 7 */
  readonly next: string | null;
}

export interface AdminUser {
  /** UUID, version 7 */
  readonly id: string;
  readonly username: string;
  readonly guest: boolean;
  /** Unix time in seconds, with milliseconds as fraction */
  readonly created_at: number;
  /** Unix time in seconds, with milliseconds as fraction */
  readonly banned_at: number | null;
}

export interface AdminUserAnswer {
  readonly user: AdminUser;
}

export interface AdminUserList {
  /** Newest first */
  readonly users: readonly AdminUser[];
  readonly more: boolean;
  /** UUID, version 7 */
  readonly next: string | null;
}

export interface Done {
  readonly ok: true;
}

export interface EventsPage {
  readonly events: readonly Envelope[];
  /** The newest sequence of the room's log */
  readonly sequence: number;
  readonly more: boolean;
  /** Opaque; the same as long as the room's `sequence` continues. A `sequence` is valid only within its epoch */
  readonly epoch: string;
}

/** An invite to a private room; anyone who has the code may join. */
export type InviteAnswer = Invite;

export interface InviteList {
  /** Newest first */
  readonly invites: readonly Invite[];
}

export interface InvitePreviewAnswer {
  readonly room: RoomPreview;
  /** Unix time in seconds, with milliseconds as fraction */
  readonly expires_at: number;
  /** How many more users may join with it; null: unlimited */
  readonly uses_left: number | null;
}

export interface LeftAnswer {
  readonly ok: true;
  /** The last event of this change that the caller receives; null if nothing changed, and for a new room, whose log is empty */
  readonly event: {
    /** UUID, version 7 */
    readonly event_id: string;
    /** Position in the room's log: 1, 2, 3 … without gaps; 0 before the first event */
    readonly sequence: number;
  } | null;
}

export interface Me {
  readonly user: User;
  /** Unix time in seconds, with milliseconds as fraction */
  readonly expires_at: number;
}

export interface MediaTokenAnswer {
  readonly media_token: string;
  /** Unix time in seconds, with milliseconds as fraction */
  readonly expires_at: number;
}

export interface PlaybackAnswer {
  readonly playback: Playback;
  /** A logged event: a client that has applied it has applied the whole change. */
  readonly event: {
    /** UUID, version 7 */
    readonly event_id: string;
    /** Position in the room's log: 1, 2, 3 … without gaps; 0 before the first event */
    readonly sequence: number;
  };
}

export interface PlaybackStatusAnswer {
  readonly playback: Playback;
  readonly track: Track | null;
  /** Time on the room clock: Unix time in seconds, with microseconds as fraction */
  readonly server_time: number;
}

export interface PreviewAnswer {
  readonly room: RoomPreview;
}

export interface QueueAnswer {
  readonly track: Track;
  readonly queue_position: number;
  /** The last event of this change that the caller receives; null if nothing changed, and for a new room, whose log is empty */
  readonly event: {
    /** UUID, version 7 */
    readonly event_id: string;
    /** Position in the room's log: 1, 2, 3 … without gaps; 0 before the first event */
    readonly sequence: number;
  } | null;
}

export interface RemovedAnswer {
  readonly user: User;
  /** The last event of this change that the caller receives; null if nothing changed, and for a new room, whose log is empty */
  readonly event: {
    /** UUID, version 7 */
    readonly event_id: string;
    /** Position in the room's log: 1, 2, 3 … without gaps; 0 before the first event */
    readonly sequence: number;
  } | null;
}

export interface RoomCommandAnswer {
  readonly room: Room;
  /** The last event of this change that the caller receives; null if nothing changed, and for a new room, whose log is empty */
  readonly event: {
    /** UUID, version 7 */
    readonly event_id: string;
    /** Position in the room's log: 1, 2, 3 … without gaps; 0 before the first event */
    readonly sequence: number;
  } | null;
}

export interface RoomList {
  /** Newest first */
  readonly rooms: readonly RoomSummary[];
  readonly more: boolean;
  /** `after` for the next page; null on the last page */
  readonly next: string | null;
}

export interface RoomStateAnswer {
  readonly room: RoomState;
  /** Position in the room's log: 1, 2, 3 … without gaps; 0 before the first event */
  readonly sequence: number;
  /** Opaque; the same as long as the room's `sequence` continues. A `sequence` is valid only within its epoch */
  readonly epoch: string;
}

export interface ServerTime {
  /** Unix time in seconds, with milliseconds as fraction */
  readonly server_time: number;
}

export interface SignedIn {
  readonly token: string;
  /** Unix time in seconds, with milliseconds as fraction */
  readonly expires_at: number;
  readonly user: User;
}

export interface TrackAnswer {
  readonly track: Track;
  /** The last event of this change that the caller receives; null if nothing changed, and for a new room, whose log is empty */
  readonly event: {
    /** UUID, version 7 */
    readonly event_id: string;
    /** Position in the room's log: 1, 2, 3 … without gaps; 0 before the first event */
    readonly sequence: number;
  } | null;
}

export interface TrackList {
  /** The current track, then the queue in order; or the history, newest first */
  readonly tracks: readonly Track[];
  readonly total: number;
  readonly more: boolean;
  /** `offset` for the next page; null on the last page */
  readonly next: number | null;
}

export interface TrackMetadata {
  readonly track: Track;
  readonly metadata: {
    readonly title: string;
    readonly artist: string | null;
    readonly album: string | null;
    readonly duration: number;
    readonly mime_type: string;
    readonly size_bytes: number;
    /** SHA-256 of the audio file, hexadecimal */
    readonly sha256: string;
    readonly cover_mime_type: string | null;
  };
}

export interface UserAnswer {
  readonly user: User;
}

export interface Waveform {
  /** The largest sample of each 400th of the track, with two decimals; 1 is full scale */
  readonly peaks: readonly number[];
}

/** The fields of an event's `data` that are specific to its type. */
export interface EventDataByType {
  /** A user joined the room. */
  readonly user_joined: {
    readonly user: User;
    readonly participant_count: number;
  };
  /** A user left the room, was removed or was banned. */
  readonly user_left: {
    readonly user: User;
    readonly participant_count: number;
    readonly reason: 'left' | 'kicked' | 'banned';
  };
  /** A user's first connection to the room opened, on any node. Not raised in rooms with more than 200 users online. */
  readonly user_connected_websocket: {
    readonly user: User;
    readonly online_count: number;
  };
  /** A user's last connection to the room ended, on any node: closed by the client, or lost and not replaced within 5 s. Not raised in rooms with more than 200 users online. */
  readonly user_disconnected_websocket: {
    readonly user: User;
    readonly online_count: number;
  };
  /** A participant has another name, or a guest has registered: `user` replaces the previous one everywhere in the state. */
  readonly user_updated: {
    readonly user: User;
    readonly previous_username: string;
  };
  /** How many users are online, and how many of them report that they hear the music. Sent at most once a second. In rooms with more than 200 users online it replaces `user_connected_websocket` and `user_disconnected_websocket`. */
  readonly listeners_updated: {
    readonly online_count: number;
    readonly listening_count: number;
  };
  /** A track was uploaded, or a played one added again: it is in the queue, and not in the history any more. `uploader` is who added it. */
  readonly track_added: {
    readonly track: Track;
    readonly uploader: User;
    /** Position in the queue; 1 is next */
    readonly queue_position: number;
    /** Number of queued tracks, including this one */
    readonly total_tracks: number;
  };
  /** A user voted for a track. */
  readonly track_voted: {
    readonly track: Track;
    readonly voter: User;
    /** Position in the queue; 1 is next; null if it is not queued */
    readonly queue_position: number | null;
  };
  /** A user withdrew their vote. */
  readonly track_unvoted: {
    readonly track: Track;
    readonly voter: User;
    /** Position in the queue; 1 is next; null if it is not queued */
    readonly queue_position: number | null;
  };
  /** A track was removed from the room. */
  readonly track_removed: {
    readonly track: Track;
    readonly removed_by: User;
    /** The role in which `removed_by` removed it */
    readonly reason: 'uploader' | 'administrator';
  };
  /** The administrator moved a track to a position in the queue; the other tracks keep their order. */
  readonly queue_reordered: {
    /** UUID, version 7 */
    readonly track_id: string;
    /** Position in the queue; 1 is next */
    readonly queue_position: number;
    readonly user: User;
  };
  /** A user voted to skip the current track. If that was the last vote needed, `track_skipped` follows. */
  readonly skip_voted: {
    /** UUID, version 7 */
    readonly track_id: string;
    readonly user: User;
    /** Number of votes, including this one */
    readonly votes: number;
    /** Number of votes that skip the track */
    readonly needed: number;
  };
  /** A user reacted to what is heard. Dropped for clients that are behind, and where a room has too many at once. */
  readonly reaction_sent: {
    readonly user: User;
    readonly reaction: '❤️' | '🔥' | '👏' | '😂' | '😮' | '🎉' | '🙏' | '👎';
  };
  /** A track started. */
  readonly playback_started: {
    readonly track: Track;
    readonly playback: Playback;
    readonly user: User | null;
  };
  /** Playback was paused. */
  readonly playback_paused: {
    readonly playback: Playback;
    readonly user: User | null;
  };
  /** Playback resumed from the position at which it was paused. */
  readonly playback_resumed: {
    readonly playback: Playback;
    readonly user: User | null;
  };
  /** Playback was stopped; the current track stays current, at its beginning. */
  readonly playback_stopped: {
    readonly playback: Playback;
    readonly user: User | null;
    readonly reason: 'stopped';
  };
  /** Playback moved to another position. With `user` null the position is the same, and `started_at` is on the room clock of a server that has restarted. */
  readonly playback_seeked: {
    readonly playback: Playback;
    readonly user: User | null;
  };
  /** The current track ended, was skipped or was removed. The next one starts, or none if the queue is empty. `previous_track.status` tells where the previous one is now: `played` in the history, `queued` at the end of the queue without votes, `playing` if it starts again, as `track`. `user` is null if the server advanced or votes skipped it. With the reason `ended` and a next track it is sent before the end: `started_at` is the moment at which the previous track ends. */
  readonly track_skipped: {
    readonly previous_track: Track;
    readonly track: Track | null;
    readonly playback: Playback;
    readonly user: User | null;
    readonly reason: 'skipped' | 'ended' | 'removed';
  };
  /** The room's name, visibility, settings or administrator changed. The lobby receives a copy for public rooms. */
  readonly room_state_updated: {
    readonly room: Room;
  };
  /** A public room was created, or a private room became public. */
  readonly room_created: {
    readonly room: RoomSummary;
  };
  /** The room was deleted. This is the room's last event: its log is deleted and its sockets are closed. In the lobby also: a public room became private. */
  readonly room_deleted: {
    readonly room: Room;
    readonly user: User;
  };
  /** The server's status changed. */
  readonly server_status: {
    readonly status: 'ok' | 'degraded' | 'draining';
    readonly message: string;
    /** Position in the room's log: 1, 2, 3 … without gaps; 0 before the first event */
    readonly sequence?: number;
  };
  /** The first event on every connection to a room: its complete state as of `sequence` (`room` is null if the client resumes and asked for the state only `when_needed`). Missed events follow. */
  readonly connection_established: {
    readonly user: User;
    readonly room: RoomState | null;
    /** Position in the room's log: 1, 2, 3 … without gaps; 0 before the first event */
    readonly sequence: number;
    /** Opaque; the same as long as the room's `sequence` continues. A `sequence` is valid only within its epoch */
    readonly epoch: string;
    /** Whether every event after `after_sequence`, up to `sequence`, follows */
    readonly resumed: boolean;
    /** Number of replayed events that follow */
    readonly replayed: number;
    /** Ids of the tracks that the connection's user has voted for, of those in the state: current track, queue and history */
    readonly my_votes: readonly string[];
    /** Opaque. Times on the room clock with the same `clock_id` are on one clock, which never goes back; measure it again when the id changes */
    readonly clock_id: string;
  };
  /** An error that concerns only this connection or user. */
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details?: unknown;
  };
}

/** The names of all event types. */
export type EventType = keyof EventDataByType;

export type EventData<T extends EventType> = EventDataByType[T];

/** The fields that `data` has in every type. */
export type CommonData = {
  /** UUID, version 7 */
  readonly room_id: string | null;
  /** When the change happened: Unix time in seconds */
  readonly timestamp: number;
  /** The server's clock when this copy was sent */
  readonly server_time: number;
};

/** An event as it is received. */
export type Envelope<T extends EventType = EventType> = {
  [K in T]: {
    /** UUID, version 7 */
    readonly event_id: string;
    readonly type: K;
    readonly data: CommonData & EventDataByType[K];
    readonly metadata: Metadata;
  };
}[T];

/** The acknowledgements of socket messages that succeed. */
export interface MessageAnswers {
  /** Requests the server's time. With `server_received` and `server_sent` a client subtracts the time that the server took. */
  readonly time_sync: {
    readonly ok: true;
    /** Unix time in seconds, with milliseconds as fraction */
    readonly server_time: number;
    /** Time on the room clock: Unix time in seconds, with microseconds as fraction */
    readonly server_received: number;
    /** Time on the room clock: Unix time in seconds, with microseconds as fraction */
    readonly server_sent: number;
    /** Opaque. Times on the room clock with the same `clock_id` are on one clock, which never goes back; measure it again when the id changes */
    readonly clock_id: string;
  };
  /** Requests the complete state of the room as of `sequence`. */
  readonly room_state: {
    readonly ok: true;
    readonly room: RoomState;
    /** Position in the room's log: 1, 2, 3 … without gaps; 0 before the first event */
    readonly sequence: number;
    /** Opaque; the same as long as the room's `sequence` continues. A `sequence` is valid only within its epoch */
    readonly epoch: string;
  };
  /** Requests a page of the room's log: the events after a sequence. */
  readonly replay: {
    readonly ok: true;
    readonly events: readonly Envelope[];
    readonly more: boolean;
    /** Opaque; the same as long as the room's `sequence` continues. A `sequence` is valid only within its epoch */
    readonly epoch: string;
  };
  /** Reports how well the listener keeps in time with the room. The last report of each connection is kept in memory as long as it is open; it is neither logged nor broadcast. It determines how far ahead playback starts, `listening_count`, and what `GET /api/rooms/{id}/listeners` shows. */
  readonly sync_report: {
    readonly ok: true;
  };
  /** Votes to skip the current track, where the room's settings have a `skip_vote_share`. A second vote changes nothing. Votes end with the track. */
  readonly skip_vote: {
    readonly ok: true;
    /** Number of votes, including this one */
    readonly votes: number;
    /** Number of votes that skip the track */
    readonly needed: number;
    /** The last event of this change; null if the user had voted already */
    readonly event: {
      /** UUID, version 7 */
      readonly event_id: string;
      /** Position in the room's log: 1, 2, 3 … without gaps; 0 before the first event */
      readonly sequence: number;
    } | null;
  };
  /** Sends a reaction to everyone in the room: at most 5 a second. */
  readonly react: {
    readonly ok: true;
  };
}

/** A reaction that `react` accepts. */
export type RoomReaction = '❤️' | '🔥' | '👏' | '😂' | '😮' | '🎉' | '🙏' | '👎';

/** What a listener's player is doing. */
export type SyncStatus = 'blocked' | 'buffering' | 'in_step' | 'correcting' | 'silent';

/** The codes of refusals. They are stable; messages may change. */
export type ErrorCode =
  /** The request could not be parsed: broken JSON, a malformed id, or a body that is not an object. */
  | 'malformed'
  /** A field is missing, of the wrong type, or out of range; `details` names each. */
  | 'invalid_field'
  /** `Idempotency-Key` is not 1 to 100 visible ASCII characters. */
  | 'idempotency_key_invalid'
  /** `Idempotency-Key` was used for another request within the last 10 minutes: use a new key for each command. */
  | 'idempotency_key_reused'
  /** No token, or one that is wrong, expired or revoked. */
  | 'unauthorized'
  /** Wrong username or password. */
  | 'invalid_credentials'
  /** Signed in, but not allowed to do this. */
  | 'forbidden'
  /** Only participants of the room may do this. */
  | 'not_a_participant'
  /** Only the room's administrator may do this. */
  | 'not_administrator'
  /** Banned from this room, or from the server. */
  | 'banned'
  /** No route matches this path. */
  | 'not_found'
  /** There is no such room, or it is private and the caller is not in it. */
  | 'room_not_found'
  /** There is no such track, or it is in a private room that the caller is not in. */
  | 'track_not_found'
  /** There is no such user, or not in the room. */
  | 'user_not_found'
  /** There is no such event in the log. */
  | 'event_not_found'
  /** The track has no cover. */
  | 'cover_not_found'
  /** The track has no waveform. */
  | 'waveform_not_found'
  /** The file is missing on the server; the error has been logged. */
  | 'audio_missing'
  /** There is no such invite, or it has expired, is used up or was revoked. */
  | 'invite_not_found'
  /** That username, or one that looks like it, is already registered. */
  | 'username_taken'
  /** The token belongs to a registered user. */
  | 'already_registered'
  /** The administrator cannot remove themselves: leave the room instead. */
  | 'cannot_remove_self'
  /** The queue is empty. */
  | 'nothing_to_play'
  /** A track is already playing or paused. */
  | 'already_playing'
  /** Nothing is playing. */
  | 'not_playing'
  /** Playback is not paused. */
  | 'not_paused'
  /** The track is not in the queue. */
  | 'not_queued'
  /** The track is queued or playing already. */
  | 'already_queued'
  /** The uploader has as many queued tracks as the room's settings allow: wait until one has been played. */
  | 'too_many_tracks'
  /** The queue has reached its limit. */
  | 'queue_full'
  /** The request did not arrive in time, or too slowly; send it again. */
  | 'request_timeout'
  /** The room has reached the limit of active invites: revoke one. */
  | 'too_many_invites'
  /** The user administers as many rooms as a user may: delete one, or leave one. */
  | 'too_many_rooms'
  /** The log no longer holds events that old; `details.oldest_sequence` is the oldest that it holds. */
  | 'history_gone'
  /** The file does not match `If-Match` or `If-Unmodified-Since`. */
  | 'precondition_failed'
  /** The request or the file is larger than allowed. */
  | 'payload_too_large'
  /** There is not enough storage for this file. `details.limit` says which limit was reached: `user`, `room`, `server` or `disk`. */
  | 'storage_full'
  /** The content type or audio format is not supported. */
  | 'unsupported_media_type'
  /** The audio file is empty, truncated or corrupt. */
  | 'unreadable_audio'
  /** Parsing the audio file would take too much time or memory: its tags are too large or too many. */
  | 'audio_too_complex'
  /** The requested range lies outside the file. */
  | 'range_not_satisfiable'
  /** Too many requests; try again after `Retry-After` seconds. */
  | 'rate_limited'
  /** This user has too many open connections. */
  | 'too_many_connections'
  /** There is no such message. */
  | 'unknown_message'
  /** A critical event was not confirmed in time: reconnect with `after_sequence`. */
  | 'delivery_failed'
  /** The token was revoked or has expired: sign in again. */
  | 'session_ended'
  /** The server is shutting down: reconnect. */
  | 'draining'
  /** The server cannot do this right now; try again. */
  | 'unavailable'
  /** The server failed; the error has been logged. */
  | 'internal';
