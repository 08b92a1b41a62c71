import type { PlayerStatus, PlayerTrack } from '../player-room.js';
import type { Timeline } from './timeline.js';

/** What is heard at a moment. Seconds. */
export interface HeardPosition {
  trackId: string;
  position: number;
  /** By how much that is ahead of the room. */
  error: number;
}

/** A way to make a timeline heard. The player has one for Web Audio, and one for the tracks that only a media element plays. */
export interface Output {
  /** Seconds that are decoded and scheduled ahead. */
  readonly buffered: number;
  /** Seconds between a sample's being played and heard, as the browser believes. */
  readonly latency: number;
  /** What is heard now; undefined for silence. */
  readonly heard: HeardPosition | undefined;
  /** Why nothing is heard, or how it is; undefined if the timeline has nothing to be heard now. */
  readonly status: PlayerStatus | undefined;
  /** Lets the browser play; called first in the handler of a click. */
  unlock(): Promise<void>;
  setTimeline(timeline: Timeline): void;
  /** Decodes ahead what will be heard next. */
  prepare(track: PlayerTrack, position: number, seconds: number): void;
  /** One step of the control loop, about every 250 ms. */
  step(): void;
  /** @param volume 0 to 1 */
  setVolume(volume: number): void;
  close(): void;
}
