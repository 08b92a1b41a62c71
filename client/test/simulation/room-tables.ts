import {
  orderQueue,
  type Playback,
  type Room,
  type RoomSettings,
  type RoomState,
  type Track,
  type User,
} from '../../../src/contract/index.js';

export interface TrackRow {
  id: string;
  uploader: string;
  votes: string[];
  created_at: number;
  status: Track['status'];
  placed_position: number | null;
  played_at: number | null;
}

export interface Rows {
  room: Omit<Room, 'administrator'> & { administrator_id: string | null };
  users: Record<string, User>;
  tracks: Record<string, TrackRow>;
  joined: Record<string, number>;
  banned: string[];
  /** Open connections by user. */
  connections: Record<string, number>;
  playback: Playback;
  skipVoters: string[];
  nextTrack: number;
  lastPlayedAt: number;
}

const id = (kind: string, number: number) =>
  `00000000-0000-7000-${kind}-${number.toString(16).padStart(12, '0')}`;
export const userId = (number: number): string => id('8000', number);
export const roomId = id('a000', 1);
export const trackId = (number: number): string => id('b000', number);
export const duration = 100;

const initialSettings: RoomSettings = {
  playback_control: 'everyone',
  upload: 'everyone',
  vote: 'everyone',
  skip_vote_share: 1,
  max_tracks_per_user: null,
  fair_turns: false,
  fallback: 'off',
  repeat: 'off',
  level_loudness: true,
};

/** A refusal with the server's code. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    readonly status = 409,
  ) {
    super(code);
  }
}

/** The rows of one room, and the views that the server makes of them. `RoomModel` has the changes. */
export abstract class RoomTables {
  protected rows: Rows;

  /** @param users the first one administers the room */
  constructor(users: number) {
    const ids = Array.from({ length: users }, (_, number) => userId(number));
    this.rows = {
      room: {
        id: roomId,
        name: 'Room',
        visibility: 'public',
        settings: initialSettings,
        administrator_id: ids[0]!,
        created_at: 1,
      },
      users: Object.fromEntries(
        ids.map((one, number) => [one, { id: one, username: `user ${number}`, guest: true }]),
      ),
      tracks: {},
      joined: Object.fromEntries(ids.map((one, number) => [one, number])),
      banned: [],
      connections: {},
      playback: { status: 'stopped', track_id: null, position: 0, started_at: null, version: 0 },
      skipVoters: [],
      nextTrack: 1,
      lastPlayedAt: 0,
    };
  }

  /** A copy of everything, for `restore`. */
  backup(): Rows {
    return structuredClone(this.rows);
  }

  restore(rows: Rows): void {
    // Nobody is connected to a database that was just restored.
    this.rows = { ...structuredClone(rows), connections: {} };
  }

  /** What no server may do: a change without an event. */
  voteSilently(): void {
    for (const row of Object.values(this.rows.tracks)) row.votes.push(`${row.votes.length}`);
  }

  isParticipant(user: string): boolean {
    return this.rows.joined[user] !== undefined;
  }

  get administrator(): string | null {
    return this.rows.room.administrator_id;
  }

  get trackIds(): string[] {
    return Object.keys(this.rows.tracks);
  }

  user(user: string): User {
    return this.rows.users[user]!;
  }

  state(): RoomState & { history: Track[] } {
    const participants = this.participants();
    const online_users = this.online();
    const current = this.current();
    return {
      ...this.room(),
      participants,
      participant_count: participants.length,
      online_users,
      online_count: online_users.length,
      current_track: current ? this.view(current) : null,
      queue: this.queue().map((row) => this.view(row)),
      history: this.played()
        .slice(0, 20)
        .map((row) => this.view(row)),
      playback: this.rows.playback,
      skip_voters: [...this.rows.skipVoters].sort(),
    };
  }

  votesOf(user: string): string[] {
    const shown = new Set([...this.state().queue, ...this.state().history].map((track) => track.id));
    const current = this.current()?.id;
    return Object.values(this.rows.tracks)
      .filter((row) => row.votes.includes(user) && (shown.has(row.id) || row.id === current))
      .map((row) => row.id);
  }

  protected track(trackId: string): TrackRow {
    const row = this.rows.tracks[trackId];
    if (!row) throw new Refused('track_not_found', 404);
    return row;
  }

  protected current(): TrackRow | undefined {
    return Object.values(this.rows.tracks).find(({ status }) => status === 'playing');
  }

  protected entries() {
    return Object.values(this.rows.tracks)
      .filter(({ status }) => status === 'queued')
      .map((row) => ({ ...row, uploader_id: row.uploader, vote_score: row.votes.length }));
  }

  protected queue(): TrackRow[] {
    return orderQueue(this.entries(), this.turns()).map((entry) => this.rows.tracks[entry.id]!);
  }

  protected played(): TrackRow[] {
    return Object.values(this.rows.tracks)
      .filter(({ status }) => status === 'played')
      .sort((a, b) => b.played_at! - a.played_at! || (a.id < b.id ? 1 : -1));
  }

  protected turns(): string[] | null {
    if (!this.rows.room.settings.fair_turns) return null;
    const current = this.current();
    return [...(current ? [current] : []), ...this.played().slice(0, 20)].map(({ uploader }) => uploader);
  }

  protected participants() {
    return Object.entries(this.rows.joined)
      .map(([user, joined_at]) => ({ ...this.user(user), joined_at }))
      .sort((a, b) => a.joined_at - b.joined_at || (a.id < b.id ? -1 : 1));
  }

  protected online(): User[] {
    return Object.entries(this.rows.connections)
      .filter(([, count]) => count > 0)
      .map(([user]) => this.user(user))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  protected room(): Room {
    const { administrator_id, ...room } = this.rows.room;
    return { ...room, administrator: administrator_id === null ? null : this.user(administrator_id) };
  }

  protected view(row: TrackRow): Track {
    const { username } = this.user(row.uploader);
    return {
      id: row.id,
      room_id: roomId,
      title: row.id.slice(-4),
      artist: null,
      album: null,
      original_name: 'track.mp3',
      duration,
      mime_type: 'audio/mpeg',
      size_bytes: 1,
      has_cover: false,
      uploader: { id: row.uploader, username },
      vote_score: row.votes.length,
      status: row.status,
      placed: row.placed_position !== null,
      stream_url: `/api/tracks/${row.id}/stream`,
      cover_url: null,
      cover_color: null,
      loudness: null,
      has_waveform: false,
      created_at: row.created_at,
    };
  }
}
