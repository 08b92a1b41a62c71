import type { Playback } from './views.js';

/**
 * Where playback is at `now` (server clock, Unix seconds): seconds into the track. The caller
 * clamps to the track's duration.
 */
export function positionAt(
  playback: Pick<Playback, 'status' | 'position' | 'started_at'>,
  now: number,
): number {
  if (playback.status !== 'playing' || playback.started_at === null) return playback.position;
  // Until `started_at` has come round, it holds where it is to go on from.
  return Math.max(playback.position, now - playback.started_at);
}
