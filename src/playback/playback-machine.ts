import type { PlaybackStatus } from '../contract/index.js';
import { positionAt, roundToMicroseconds } from '../contract/index.js';
import { Problem } from '../errors/problem.js';

/** Playback as it is stored. Times are seconds on the room clock, positions and durations seconds. */
export interface PlaybackState {
  status: PlaybackStatus;
  track_id: string | null;
  position: number;
  started_at: number | null;
  /** When the current track ends; null unless playing. */
  ends_at: number | null;
  version: number;
}

/** The state of a room in which nothing has been played yet. */
export const initial: PlaybackState = Object.freeze({
  status: 'stopped',
  track_id: null,
  position: 0,
  started_at: null,
  ends_at: null,
  version: 0,
});

/** A track starts from its beginning at `startsAt`. Allowed in every state. */
export const start = (
  state: PlaybackState,
  trackId: string,
  duration: number,
  startsAt: number,
): PlaybackState => playing(state, trackId, 0, duration, startsAt);

/** The room has no current track. Allowed in every state. */
export const clear = (state: PlaybackState): PlaybackState => ({ ...initial, version: state.version + 1 });

/** @throws {Problem} not_playing */
export function pause(state: PlaybackState, duration: number, now: number): PlaybackState {
  if (state.status !== 'playing') throw new Problem('not_playing', 'Nothing is playing.');
  return notPlaying(state, 'paused', positionAt(state, now, duration));
}

/** Continues at `resumesAt`. @throws {Problem} not_paused */
export function resume(state: PlaybackState, duration: number, resumesAt: number): PlaybackState {
  if (state.status !== 'paused' || state.track_id === null) {
    throw new Problem('not_paused', 'Playback is not paused.');
  }
  return playing(state, state.track_id, state.position, duration, resumesAt);
}

/** Stops; the current track stays current, at its beginning. @throws {Problem} not_playing */
export function stop(state: PlaybackState): PlaybackState {
  if (state.status === 'stopped') throw new Problem('not_playing', 'Nothing is playing.');
  return notPlaying(state, 'stopped', 0);
}

/**
 * Moves to another position: at `movesAt` if the track plays, at once if it is paused.
 * @throws {Problem} not_playing; invalid_field if the position is outside the track
 */
export function seek(
  state: PlaybackState,
  position: number,
  duration: number,
  movesAt: number,
): PlaybackState {
  if (state.status === 'stopped' || state.track_id === null) {
    throw new Problem('not_playing', 'Nothing is playing.');
  }
  if (position < 0 || position > duration) {
    const message = `position must be from 0 to ${duration}, the length of the track in seconds`;
    throw new Problem('invalid_field', message, [{ field: 'position', message }]);
  }
  return state.status === 'playing'
    ? playing(state, state.track_id, position, duration, movesAt)
    : notPlaying(state, 'paused', position);
}

/**
 * When the change to the next track is committed: `lead` seconds before the current one ends, and not before it has
 * begun, so that at most one change of track lies ahead of what listeners hear. Null unless playing.
 */
export const advanceDueAt = (
  { started_at, position, ends_at }: Pick<PlaybackState, 'started_at' | 'position' | 'ends_at'>,
  lead: number,
): number | null =>
  started_at === null || ends_at === null ? null : Math.max(ends_at - lead, started_at + position);

/** The same playback on another clock, which is `seconds` ahead of the one that the state was made on. */
export function shift(state: PlaybackState, seconds: number): PlaybackState {
  const { started_at, ends_at, version } = state;
  if (started_at === null || ends_at === null) return state;
  return {
    ...state,
    started_at: roundToMicroseconds(started_at + seconds),
    ends_at: roundToMicroseconds(ends_at + seconds),
    version: version + 1,
  };
}

/** @param beginsAt when `position` is heard */
const playing = (
  { version }: PlaybackState,
  trackId: string,
  position: number,
  duration: number,
  beginsAt: number,
): PlaybackState => {
  // Rounded as on the wire: the end of this track is exactly the start of the next one.
  const started_at = roundToMicroseconds(beginsAt - position);
  return {
    status: 'playing',
    track_id: trackId,
    position,
    started_at,
    ends_at: roundToMicroseconds(started_at + duration),
    version: version + 1,
  };
};

const notPlaying = (state: PlaybackState, status: 'paused' | 'stopped', position: number): PlaybackState => ({
  status,
  track_id: state.track_id,
  position,
  started_at: null,
  ends_at: null,
  version: state.version + 1,
});
