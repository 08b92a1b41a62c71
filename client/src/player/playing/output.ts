import type { PlayerStatus } from '../player-room.js';
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
  /** What is heard now; undefined for silence. */
  readonly heard: HeardPosition | undefined;
  /** Why nothing is heard, or how it is; undefined if the timeline has nothing to be heard now. */
  readonly status: PlayerStatus | undefined;
  /** Lets the browser play; called first in the handler of a click. */
  unlock(): Promise<void>;
  /** Takes a timeline; a step follows. */
  setTimeline(timeline: Timeline): void;
  /** One step of the control loop, about every 250 ms. */
  step(): void;
  /** @param volume 0 to 1 */
  setVolume(volume: number): void;
  close(): void;
}
