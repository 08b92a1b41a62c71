import type { RenderPart } from '../render/renderer.js';
import type { TrackFeed } from './track-feed.js';

/** Length of fades and cross-fades. */
export const fadeSeconds = 0.01;

/**
 * A stretch of a feed, from the beginning of a chunk on.
 * @param position seconds into the track
 * @param speed seconds of the track for each second of output
 * @param rate frames a second of the output
 */
export function partOf(
  feed: TrackFeed,
  position: number,
  speed: number,
  frames: number,
  rate: number,
  [from, to]: readonly [number, number] = [1, 1],
): RenderPart {
  const step = (feed.sampleRate / rate) * speed;
  return {
    voice: feed.voice,
    position: position * feed.sampleRate,
    step,
    offset: 0,
    frames,
    from: from * feed.gain,
    to: to * feed.gain,
  };
}

/** The same, faded in. */
export function fadedIn(
  feed: TrackFeed,
  position: number,
  speed: number,
  frames: number,
  rate: number,
): RenderPart[] {
  const fade = Math.min(frames, Math.round(fadeSeconds * rate));
  const rest = partOf(feed, position + (fade / rate) * speed, speed, frames - fade, rate);
  return [partOf(feed, position, speed, fade, rate, [0, 1]), { ...rest, offset: fade }];
}
