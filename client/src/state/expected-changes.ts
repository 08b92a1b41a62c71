import type { Playback, Room, RoomSettings } from '../contract.js';
import type { Change } from './optimistic-state.js';
import { nextIfSkipped } from './next-track.js';
import { moveInQueue, ordered } from './queue.js';
import type { RoomView } from './room-view.js';
import { addToQueue, advance, removeTrack, replaceTrack, withSkipVote, withVote, without } from './tracks.js';

/*
 * What each command is expected to change, in the same terms as the events that it will raise. The state that a change
 * is applied to may have moved on: then it changes what is left to change.
 */

/** How far in the future playback begins; the server decides, and this is close enough for what is shown until then. */
const leadSeconds = 0.25;

/** What may be changed of a room. */
export interface RoomUpdate {
  readonly name?: string;
  readonly visibility?: Room['visibility'];
  readonly settings?: Partial<RoomSettings>;
}

const findTrack = (state: RoomView, trackId: string) =>
  [state.current_track, ...state.queue, ...state.history].find((track) => track?.id === trackId);

export const vote =
  (trackId: string, voted: boolean): Change =>
  (state) => {
    const track = findTrack(state, trackId);
    if (!track || state.my_votes.includes(trackId) === voted) return state;
    const vote_score = Math.max(0, track.vote_score + (voted ? 1 : -1));
    return withVote(replaceTrack(state, { ...track, vote_score }), trackId, voted);
  };

/** A track that is playing stays until the server says what comes next. */
export const removal =
  (trackId: string): Change =>
  (state) =>
    state.current_track?.id === trackId || !findTrack(state, trackId) ? state : removeTrack(state, trackId);

export const move =
  (trackId: string, position: number): Change =>
  (state) => ({ ...state, queue: moveInQueue(state.queue, trackId, position) });

export const roomUpdate =
  ({ name, visibility, settings }: RoomUpdate): Change =>
  (state) =>
    ordered({
      ...state,
      name: name ?? state.name,
      visibility: visibility ?? state.visibility,
      settings: { ...state.settings, ...settings },
    });

/** The skipping itself is the server's decision: it knows who is online. @param trackId of the track to be skipped */
export const skipVote =
  (userId: string, trackId: string | undefined): Change =>
  (state) =>
    trackId !== undefined && state.current_track?.id === trackId && state.settings.skip_vote_share
      ? withSkipVote(state, userId)
      : state;

export const queueAgain =
  (trackId: string): Change =>
  (state) => {
    const track = state.history.find(({ id }) => id === trackId);
    if (!track) return state;
    const created_at = Math.max(track.created_at, ...state.queue.map((other) => other.created_at)) + 1;
    return addToQueue(state, { ...track, status: 'queued', vote_score: 0, placed: false, created_at });
  };

export const departure =
  (userId: string): Change =>
  (state) => {
    const participants = without(state.participants, userId);
    if (participants === state.participants) return state;
    return { ...state, participants, participant_count: Math.max(0, state.participant_count - 1) };
  };

/** Playback commands, given the time on the room clock at which they were given. */
export const playback = {
  pause:
    (now: number): Change =>
    (state) => {
      if (state.playback.status !== 'playing') return state;
      const duration = state.current_track?.duration ?? Infinity;
      const position = Math.min(positionAt(state.playback, now), duration);
      return { ...state, playback: { ...state.playback, status: 'paused', position, started_at: null } };
    },
  resume:
    (now: number): Change =>
    (state) =>
      state.playback.status === 'paused'
        ? { ...state, playback: playing(state.playback, state.playback.position, now) }
        : state,
  stop: (): Change => (state) =>
    state.playback.status === 'stopped'
      ? state
      : { ...state, playback: { ...state.playback, status: 'stopped', position: 0, started_at: null } },
  seek:
    (position: number, now: number): Change =>
    (state) => {
      switch (state.playback.status) {
        case 'playing':
          return { ...state, playback: playing(state.playback, position, now) };
        case 'paused':
          return { ...state, playback: { ...state.playback, position } };
        case 'stopped':
          return state;
      }
    },
  /** @param trackId of the track that is skipped, so that it is skipped once */
  skip:
    (trackId: string | undefined, now: number): Change =>
    (state) => {
      if (!state.current_track || state.current_track.id !== trackId) return state;
      const next = nextIfSkipped(state);
      return next === undefined ? state : begin(state, next?.id, now);
    },
  start:
    (trackId: string | undefined, now: number): Change =>
    (state) =>
      begin(state, trackId ?? state.current_track?.id ?? state.queue[0]?.id, now),
};

/** Where playback is, in seconds into the track, at a time on the room clock. */
export const positionAt = ({ status, position, started_at }: Playback, now: number): number =>
  status !== 'playing' || started_at === null ? position : Math.max(position, now - started_at);

const playing = (before: Playback, position: number, now: number): Playback => ({
  ...before,
  status: 'playing',
  position,
  started_at: now + leadSeconds - position,
});

function begin(state: RoomView, trackId: string | undefined, now: number): RoomView {
  const current = state.current_track;
  const played = current && current.id !== trackId ? ({ ...current, status: 'played' } as const) : null;
  const track = trackId === undefined ? undefined : findTrack(state, trackId);
  if (!track) {
    const stopped = {
      ...state.playback,
      status: 'stopped',
      track_id: null,
      position: 0,
      started_at: null,
    } as const;
    return trackId === undefined ? { ...advance(state, null, played), playback: stopped } : state;
  }
  const started = { ...track, status: 'playing', placed: false } as const;
  return {
    ...advance(state, started, played),
    playback: playing({ ...state.playback, track_id: track.id }, 0, now),
  };
}
