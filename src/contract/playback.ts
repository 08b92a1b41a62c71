import type { Playback } from './views.js';

/** Rounds seconds to the precision of the room clock. */
export const roundToMicroseconds = (seconds: number): number => Math.round(seconds * 1e6) / 1e6;

/**
 * The playback position in seconds into the track.
 * @param now room clock
 * @param duration of the track in seconds, the largest position; without it the position is not limited
 */
export function positionAt(
  playback: Pick<Playback, 'status' | 'position' | 'started_at'>,
  now: number,
  duration = Infinity,
): number {
  if (playback.status !== 'playing' || playback.started_at === null) return playback.position;
  // `started_at` may lie in the future; until then playback waits at `position`.
  return Math.min(Math.max(playback.position, now - playback.started_at), duration);
}
