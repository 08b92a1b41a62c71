import {
  type EventData,
  type EventType,
  placeInQueue,
  type Playback,
  type RoomSettings,
} from '../../../src/contract/index.js';
import { duration, Refused, RoomTables, trackId, type TrackRow } from './room-tables.js';

export { Refused, roomId, type Rows, userId } from './room-tables.js';

/** An event before it has a sequence. */
export interface Raised {
  type: EventType | 'user_updated';
  data: Record<string, unknown>;
}

/**
 * The rules of a room as the server implements them with its tables, for one room in memory. It shares the server's order
 * of the queue, and nothing with the client library.
 */
export class RoomModel extends RoomTables {
  #raised: Raised[] = [];

  /** Runs one change, which either refuses or raises events. @returns the events */
  change(work: () => void): Raised[] {
    this.#raised = [];
    work();
    return this.#raised;
  }

  vote(user: string, trackId: string, voted: boolean): void {
    this.#requireParticipant(user);
    const row = this.track(trackId);
    if (row.votes.includes(user) === voted) return;
    row.votes = voted ? [...row.votes, user] : row.votes.filter((other) => other !== user);
    const index = this.queue().findIndex((other) => other.id === trackId);
    const queue_position = index === -1 ? null : index + 1;
    const data = { track: this.view(row), voter: this.user(user), queue_position };
    this.#raise(voted ? 'track_voted' : 'track_unvoted', data);
  }

  add(user: string, now: number): string {
    this.#requireParticipant(user);
    const number = this.rows.nextTrack;
    this.rows.nextTrack += 1;
    // Some are added at the same time, and their ids decide.
    const row: TrackRow = {
      id: trackId((number * 7919) % 65536),
      uploader: user,
      votes: [],
      created_at: Math.floor(now),
      status: 'queued',
      placed_position: null,
      played_at: null,
    };
    this.rows.tracks[row.id] = row;
    const queue = this.queue();
    this.#raise('track_added', {
      track: this.view(row),
      uploader: this.user(user),
      queue_position: queue.findIndex((other) => other.id === row.id) + 1,
      total_tracks: queue.length,
    });
    if (!this.current() && queue.length === 1) this.#begin(row.id, null, now);
    return row.id;
  }

  addAgain(user: string, trackId: string, now: number): void {
    this.#requireParticipant(user);
    const row = this.track(trackId);
    if (row.status !== 'played') throw new Refused('already_queued');
    this.#requeue(row, now);
    const queue = this.queue();
    this.#raise('track_added', {
      track: this.view(row),
      uploader: this.user(user),
      queue_position: queue.indexOf(row) + 1,
      total_tracks: queue.length,
    });
    if (!this.current() && queue.length === 1) this.#begin(trackId, null, now);
  }

  /** The current track ends by itself. */
  end(now: number): void {
    const current = this.current();
    if (current && this.rows.playback.status === 'playing') this.#advance(current, null, 'ended', now);
  }

  skipVote(user: string, needed: number, now: number): void {
    this.#requireParticipant(user);
    const current = this.current();
    if (!current || this.rows.playback.status === 'stopped') throw new Refused('not_playing');
    const { skipVoters } = this.rows;
    if (skipVoters.includes(user)) return;
    skipVoters.push(user);
    const votes = skipVoters.length;
    this.#raise('skip_voted', { track_id: current.id, user: this.user(user), votes, needed });
    if (votes >= needed) this.#advance(current, null, 'skipped', now);
  }

  remove(user: string, trackId: string, now: number): void {
    this.#requireParticipant(user);
    const row = this.track(trackId);
    const reason = row.uploader === user ? 'uploader' : 'administrator';
    if (reason === 'administrator' && user !== this.administrator) throw new Refused('forbidden', 403);
    this.#leaveQueue(trackId);
    delete this.rows.tracks[trackId];
    this.#raise('track_removed', { track: this.view(row), removed_by: this.user(user), reason });
    if (this.rows.playback.track_id === trackId) this.#advance(row, user, 'removed', now);
  }

  place(user: string, trackId: string, position: number): void {
    this.#requireAdministrator(user);
    if (this.track(trackId).status !== 'queued') throw new Refused('not_queued');
    const positions = placeInQueue(this.entries(), trackId, position, this.turns());
    let hasMoved = false;
    for (const [other, placed] of positions) {
      const row = this.rows.tracks[other]!;
      hasMoved ||= row.placed_position !== placed;
      row.placed_position = placed;
    }
    if (!hasMoved) return;
    const queue_position = positions.get(trackId)!;
    this.#raise('queue_reordered', { track_id: trackId, queue_position, user: this.user(user) });
  }

  play(user: string, trackId: string | undefined, now: number): void {
    this.#requireParticipant(user);
    const { playback } = this.rows;
    if (trackId === undefined && playback.status !== 'stopped') throw new Refused('already_playing');
    const chosen = trackId ?? playback.track_id ?? this.queue()[0]?.id;
    if (chosen === undefined) throw new Refused('nothing_to_play');
    this.#begin(this.track(chosen).id, user, now);
  }

  pause(user: string, now: number): void {
    this.#requireParticipant(user);
    const { playback } = this.rows;
    if (playback.status !== 'playing') throw new Refused('not_playing');
    const position = Math.min(duration, Math.max(playback.position, now - playback.started_at!));
    this.#setPlayback('playback_paused', { status: 'paused', position, started_at: null }, user);
  }

  resume(user: string, now: number): void {
    this.#requireParticipant(user);
    const { playback } = this.rows;
    if (playback.status !== 'paused') throw new Refused('not_paused');
    const started_at = now + 0.25 - playback.position;
    this.#setPlayback('playback_resumed', { status: 'playing', started_at }, user);
  }

  stop(user: string): void {
    this.#requireParticipant(user);
    if (this.rows.playback.status === 'stopped') throw new Refused('not_playing');
    const stopped = { status: 'stopped', position: 0, started_at: null } as const;
    this.#setPlayback('playback_stopped', stopped, user, { reason: 'stopped' });
  }

  skip(user: string, now: number): void {
    this.#requireParticipant(user);
    const current = this.current();
    if (!current || this.rows.playback.status === 'stopped') throw new Refused('not_playing');
    this.#advance(current, user, 'skipped', now);
  }

  join(user: string, now: number): void {
    if (this.isParticipant(user)) return;
    if (this.rows.banned.includes(user)) throw new Refused('banned', 403);
    this.rows.joined[user] = now;
    this.#raise('user_joined', { user: this.user(user), participant_count: this.participants().length });
    if (this.administrator === null) this.#setAdministrator(user);
  }

  removeUser(user: string, reason: EventData<'user_left'>['reason']): void {
    this.#requireParticipant(user);
    delete this.rows.joined[user];
    this.rows.skipVoters = this.rows.skipVoters.filter((voter) => voter !== user);
    if (reason === 'banned') this.rows.banned.push(user);
    const participant_count = this.participants().length;
    this.#raise('user_left', { user: this.user(user), participant_count, reason });
    if (this.administrator === user) this.#setAdministrator(this.participants()[0]?.id ?? null);
  }

  kick(administrator: string, user: string, ban: boolean): void {
    this.#requireAdministrator(administrator);
    if (administrator === user) throw new Refused('cannot_remove_self');
    this.removeUser(user, ban ? 'banned' : 'kicked');
  }

  rename(user: string, username: string): void {
    // Of a user who has left, the server changes the name without an event.
    this.#requireParticipant(user);
    const previous_username = this.user(user).username;
    this.rows.users[user] = { id: user, username, guest: false };
    this.#raise('user_updated', { user: this.user(user), previous_username });
    if (this.administrator === user) this.#raise('room_state_updated', { room: this.room() });
  }

  update(user: string, name: string | undefined, settings: Partial<RoomSettings> = {}): void {
    this.#requireAdministrator(user);
    const { room } = this.rows;
    const before = JSON.stringify(room);
    room.name = name ?? room.name;
    room.settings = { ...room.settings, ...settings };
    if (JSON.stringify(room) === before) return;
    this.#raise('room_state_updated', { room: this.room() });
  }

  connected(user: string): void {
    const count = this.rows.connections[user] ?? 0;
    this.rows.connections[user] = count + 1;
    if (count === 0) this.#raisePresence('user_connected_websocket', user);
  }

  disconnected(user: string): void {
    const count = this.rows.connections[user] ?? 0;
    if (count === 0) return;
    this.rows.connections[user] = count - 1;
    if (count === 1) this.#raisePresence('user_disconnected_websocket', user);
  }

  delete(user: string): void {
    this.#requireAdministrator(user);
    this.#raise('room_deleted', { room: this.room(), user: this.user(user) });
  }

  #begin(trackId: string, user: string | null, now: number): void {
    this.#makeCurrent(trackId, now);
    this.rows.playback = this.#playing(trackId, now);
    const data = { track: this.view(this.track(trackId)), playback: this.rows.playback };
    this.#raise('playback_started', { ...data, user: user === null ? null : this.user(user) });
  }

  #advance(
    previous: TrackRow,
    user: string | null,
    reason: 'skipped' | 'removed' | 'ended',
    now: number,
  ): void {
    const version = this.rows.playback.version + 1;
    const { repeat } = this.rows.room.settings;
    const next = this.rows.playback.status === 'stopped' ? undefined : this.#next(previous, reason);
    const requeues = reason === 'ended' && repeat === 'queue';
    this.rows.skipVoters = [];
    if (!next) this.#retire(now);
    else if (next !== previous) this.#makeCurrent(next.id, now);
    if (requeues && next === previous) previous.votes = [];
    else if (requeues) this.#requeue(previous, now);
    this.rows.playback = next
      ? this.#playing(next.id, now)
      : { status: 'stopped', track_id: null, position: 0, started_at: null, version };
    const view = this.view(previous);
    this.#raise('track_skipped', {
      previous_track: reason === 'removed' ? { ...view, status: 'played' } : view,
      track: next ? this.view(next) : null,
      playback: this.rows.playback,
      user: user === null ? null : this.user(user),
      reason,
    });
  }

  #next(current: TrackRow, reason: 'skipped' | 'removed' | 'ended'): TrackRow | undefined {
    const { repeat, fallback } = this.rows.room.settings;
    if (reason === 'ended' && repeat === 'track') return current;
    const next = this.queue()[0];
    if (next) return next;
    if (reason === 'ended' && repeat === 'queue') return current;
    if (fallback === 'off') return undefined;
    return this.played().at(-1) ?? (reason === 'removed' ? undefined : current);
  }

  #playing(track_id: string, now: number): Playback {
    const version = this.rows.playback.version + 1;
    return { status: 'playing', track_id, position: 0, started_at: now + 0.25, version };
  }

  #setPlayback(type: EventType, changes: Partial<Playback>, user: string, more = {}): void {
    const version = this.rows.playback.version + 1;
    this.rows.playback = { ...this.rows.playback, ...changes, version };
    this.#raise(type, { playback: this.rows.playback, user: this.user(user), ...more });
  }

  /** To the end of the queue, without votes. */
  #requeue(row: TrackRow, now: number): void {
    // Times on the wire are distinct, except for tracks that were added at the same time.
    this.rows.lastPlayedAt = Math.max(now, this.rows.lastPlayedAt + 0.001);
    const created_at = this.rows.lastPlayedAt;
    Object.assign(row, { status: 'queued', votes: [], created_at, placed_position: null, played_at: null });
  }

  #makeCurrent(trackId: string, now: number): void {
    this.#leaveQueue(trackId);
    this.#retire(now);
    this.rows.skipVoters = [];
    Object.assign(this.track(trackId), { status: 'playing', played_at: null });
  }

  #retire(now: number): void {
    const current = this.current();
    if (!current) return;
    // Events do not say when a track was played, so two at the same time would have no order for a client.
    this.rows.lastPlayedAt = Math.max(now, this.rows.lastPlayedAt + 0.001);
    Object.assign(current, { status: 'played', played_at: this.rows.lastPlayedAt });
  }

  #leaveQueue(trackId: string): void {
    const index = this.queue().findIndex((row) => row.id === trackId);
    if (index === -1) return;
    for (const row of this.queue()) {
      if (row.placed_position !== null && row.placed_position > index + 1) row.placed_position -= 1;
    }
    this.track(trackId).placed_position = null;
  }

  #setAdministrator(user: string | null): void {
    this.rows.room.administrator_id = user;
    this.#raise('room_state_updated', { room: this.room() });
  }

  #raisePresence(type: EventType, user: string): void {
    this.#raise(type, { user: this.user(user), online_count: this.online().length });
  }

  #raise(type: Raised['type'], data: Record<string, unknown>): void {
    this.#raised.push({ type, data });
  }

  #requireParticipant(user: string): void {
    if (!this.isParticipant(user)) throw new Refused('not_a_participant', 403);
  }

  #requireAdministrator(user: string): void {
    this.#requireParticipant(user);
    if (user !== this.administrator) throw new Refused('not_administrator', 403);
  }
}
