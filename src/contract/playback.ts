import type { Playback } from './views.js';

/**
 * The playback position in seconds into the track.
 * @param now server clock, Unix seconds
 * @returns not limited to the track's duration, which the caller knows
 */
export function positionAt(
  playback: Pick<Playback, 'status' | 'position' | 'started_at'>,
  now: number,
): number {
  if (playback.status !== 'playing' || playback.started_at === null) return playback.position;
  // `started_at` may lie in the future; until then playback waits at `position`.
  return Math.max(playback.position, now - playback.started_at);
}
