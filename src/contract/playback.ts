import type { Playback } from './views.js';

/**
 * Where playback is at `now` (server clock, Unix seconds): seconds into the track, never below 0. The caller
 * clamps to the track's duration.
 */
export function positionAt(
  playback: Pick<Playback, 'status' | 'position' | 'started_at'>,
  now: number,
): number {
  if (playback.status !== 'playing' || playback.started_at === null) return playback.position;
  return Math.max(0, now - playback.started_at);
}
