import type { PlaybackStatus } from '../contract/index.js';
import { positionAt } from '../contract/index.js';
import { Problem } from '../errors/problem.js';

/** Playback as it is stored. Times are Unix seconds, positions and durations seconds. */
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

/**
 * How far in the future playback starts, so that the event reaches every listener before: well above the one-way delay
 * of most connections, and too short to be felt as a delay.
 */
export const leadSeconds = 0.25;

/** A track starts from its beginning. Allowed in every state. */
export const start = (state: PlaybackState, trackId: string, duration: number, now: number): PlaybackState =>
  playing(state, trackId, 0, duration, now);

/** The room has no current track. Allowed in every state. */
export const clear = (state: PlaybackState): PlaybackState => ({ ...initial, version: state.version + 1 });

/** @throws {Problem} not_playing */
export function pause(state: PlaybackState, duration: number, now: number): PlaybackState {
  if (state.status !== 'playing') throw new Problem('not_playing', 'Nothing is playing.');
  return notPlaying(state, 'paused', Math.min(positionAt(state, now), duration));
}

/** @throws {Problem} not_paused */
export function resume(state: PlaybackState, duration: number, now: number): PlaybackState {
  if (state.status !== 'paused' || state.track_id === null) {
    throw new Problem('not_paused', 'Playback is not paused.');
  }
  return playing(state, state.track_id, state.position, duration, now);
}

/** Stops; the current track stays current, at its beginning. @throws {Problem} not_playing */
export function stop(state: PlaybackState): PlaybackState {
  if (state.status === 'stopped') throw new Problem('not_playing', 'Nothing is playing.');
  return notPlaying(state, 'stopped', 0);
}

/** @throws {Problem} not_playing; invalid_field if the position is outside the track */
export function seek(state: PlaybackState, position: number, duration: number, now: number): PlaybackState {
  if (state.status === 'stopped' || state.track_id === null) {
    throw new Problem('not_playing', 'Nothing is playing.');
  }
  if (position < 0 || position > duration) {
    const message = `position must be from 0 to ${duration}, the length of the track in seconds`;
    throw new Problem('invalid_field', message, [{ field: 'position', message }]);
  }
  return state.status === 'playing'
    ? playing(state, state.track_id, position, duration, now)
    : notPlaying(state, 'paused', position);
}

const playing = (
  { version }: PlaybackState,
  trackId: string,
  position: number,
  duration: number,
  now: number,
): PlaybackState => {
  const started_at = now + leadSeconds - position;
  return {
    status: 'playing',
    track_id: trackId,
    position,
    started_at,
    ends_at: started_at + duration,
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
