import type { Generated, Selectable } from 'kysely';
import type { Permission, PlaybackStatus, RoomSettings, TrackStatus, Visibility } from '../contract/index.js';

/**
 * The tables. Times are Unix seconds (double precision), ids are UUIDs as text and booleans 0 or 1, so that the same
 * queries work on SQLite and PostgreSQL.
 */
export interface Schema {
  users: UsersTable;
  username_skeletons: UsernameSkeletonsTable;
  sessions: SessionsTable;
  rooms: RoomsTable;
  participants: ParticipantsTable;
  bans: BansTable;
  invites: InvitesTable;
  nodes: NodesTable;
  connections: ConnectionsTable;
  tracks: TracksTable;
  votes: VotesTable;
  waveforms: WaveformsTable;
  playback: PlaybackTable;
  skip_votes: SkipVotesTable;
  events: EventsTable;
  deliveries: DeliveriesTable;
  idempotency_keys: IdempotencyKeysTable;
  database_state: DatabaseStateTable;
}

interface UsersTable {
  id: string;
  username: string;
  /** The username in lower case, unique; null for guests, whose names are not unique. */
  username_key: string | null;
  password_hash: string | null;
  created_at: number;
  /** When the operator banned the user from the server. */
  banned_at: Generated<number | null>;
}

/** Skeletons of usernames (see `names/skeleton.ts`); each belongs to at most one registered user. */
interface UsernameSkeletonsTable {
  skeleton: string;
  user_id: string;
}

interface SessionsTable {
  id: string;
  user_id: string;
  expires_at: number;
  revoked_at: number | null;
}

interface RoomsTable {
  id: string;
  name: string;
  visibility: Visibility;
  administrator_id: string | null;
  playback_control: Permission;
  upload: Permission;
  vote: Permission;
  skip_vote_share: number | null;
  max_tracks_per_user: number | null;
  /** 0 or 1. */
  fair_turns: number;
  fallback: RoomSettings['fallback'];
  repeat: RoomSettings['repeat'];
  /** 0 or 1. */
  level_loudness: number;
  /** The sequence of the newest event in the log; 0 before the first. */
  sequence: Generated<number>;
  /** Changes when the log cannot be continued; see `events/epoch.ts`. */
  epoch: string;
  created_at: number;
}

interface ParticipantsTable {
  room_id: string;
  user_id: string;
  joined_at: number;
}

interface BansTable {
  room_id: string;
  user_id: string;
  created_at: number;
}

interface InvitesTable {
  code: string;
  room_id: string;
  created_by: string;
  created_at: number;
  expires_at: number;
  /** How many users may join with it; null: unlimited. */
  max_uses: number | null;
  /** How many users have joined with it. */
  uses: Generated<number>;
}

/** Running servers. */
interface NodesTable {
  id: string;
  seen_at: number;
}

/** Open sockets in rooms, of all nodes. */
interface ConnectionsTable {
  id: string;
  room_id: string;
  user_id: string;
  node_id: string;
}

interface TracksTable {
  id: string;
  room_id: string;
  uploader_id: string;
  /** SHA-256 of the audio file, hexadecimal; also the name of the stored file. */
  sha256: string;
  title: string;
  artist: string | null;
  album: string | null;
  original_name: string;
  duration: number;
  mime_type: string;
  size_bytes: number;
  /** SHA-256 of the cover, at most 1024 pixels wide and high; null if there is none. */
  cover_sha256: string | null;
  cover_mime_type: string | null;
  /** Of all sizes together. */
  cover_size_bytes: Generated<number>;
  /** The smaller covers; null too if the track is older than they are. */
  cover_320_sha256: string | null;
  cover_96_sha256: string | null;
  /** `#rrggbb` */
  cover_color: string | null;
  integrated_lufs: number | null;
  /** dBTP; null if `integrated_lufs` is. */
  true_peak_db: number | null;
  /** 1 if there is a row in `waveforms`. */
  has_waveform: Generated<number>;
  vote_score: Generated<number>;
  status: TrackStatus;
  placed_position: number | null;
  /** When it was added to the queue, for the last time. */
  created_at: number;
  played_at: number | null;
}

interface WaveformsTable {
  track_id: string;
  /** A byte for each peak, 0 to 100, in base64. */
  peaks: string;
}

interface VotesTable {
  track_id: string;
  user_id: string;
  created_at: number;
}

interface PlaybackTable {
  room_id: string;
  status: PlaybackStatus;
  track_id: string | null;
  position: number;
  /** On the room clock, as `ends_at`; after a restart `ClockCarryOver` converts both. */
  started_at: number | null;
  /** When the current track ends, while playing. */
  ends_at: number | null;
  version: number;
}

/** The votes to skip the current track. */
interface SkipVotesTable {
  room_id: string;
  user_id: string;
  created_at: number;
}

interface EventsTable {
  room_id: string;
  sequence: number;
  event_id: string;
  type: string;
  created_at: number;
  /** The payload, as JSON, without `server_time`. */
  data: string;
}

/** The delivery summary of a critical event on one node, written once no confirmation is pending. */
interface DeliveriesTable {
  room_id: string;
  sequence: number;
  node_id: string;
  /** A `DeliverySummary`, as JSON. */
  summary: string;
}

/** The answers of commands that had an `Idempotency-Key`, for repeats of the same request. */
interface IdempotencyKeysTable {
  user_id: string;
  key: string;
  /** Identifies the request; a repeat has the same. */
  request_hash: string;
  /** The body of the answer, as JSON. */
  answer: string;
  size_bytes: number;
  created_at: number;
}

/** Values about the database as a whole; see `Database`. */
interface DatabaseStateTable {
  /**
   * `id`: generated once, with the database. `probed_at`: written by the readiness check. `clock_offset_ms`: by how much
   * the system time is ahead of the room clock of the process that wrote it. `log_position`: see `LogContinuity`.
   */
  name: 'id' | 'probed_at' | 'clock_offset_ms' | 'log_position';
  value: string;
}

export type RoomRow = Selectable<RoomsTable>;
/** The columns of a room that `src/rooms` writes; the others belong to `src/events`. */
export type RoomFields = Omit<RoomRow, 'sequence' | 'epoch'>;
export type TrackRow = Selectable<TracksTable>;
export type PlaybackRow = Selectable<PlaybackTable>;
export type UserRow = Selectable<UsersTable>;
export type EventRow = Selectable<EventsTable>;
