import type { PlayerStatus, PlayerTrack } from '../player-room.js';
import type { ElementOutput } from './element-output.js';
import type { HeardPosition, Output } from './output.js';
import { emptyTimeline, type Timeline } from './timeline.js';
import type { WebAudioOutput } from './web-audio-output.js';

/** Tracks that are remembered as not playable by Web Audio. */
const maxRemembered = 100;

/** Plays each track with Web Audio, or, where that cannot play it, with a media element. Owned by the player. */
export class OutputRouter implements Output {
  readonly #onElement = new Set<string>();
  #timeline: Timeline = emptyTimeline;

  /** @param web undefined where the browser has no Web Audio */
  constructor(
    readonly web: WebAudioOutput | undefined,
    private readonly element: ElementOutput,
  ) {}

  get buffered(): number {
    return this.web?.buffered || this.element.buffered;
  }

  get latency(): number {
    return this.web?.latency ?? 0;
  }

  get heard(): HeardPosition | undefined {
    return this.web?.heard ?? this.element.heard;
  }

  get status(): PlayerStatus | undefined {
    const [first, second] = [this.web?.status, this.element.status];
    // One of them may be about to begin while the other is heard.
    return first && first.is !== 'silent' ? first : (second ?? first);
  }

  async unlock(): Promise<void> {
    await Promise.all([this.web?.unlock(), this.element.unlock()]);
  }

  setTimeline(timeline: Timeline): void {
    this.#timeline = timeline;
    const select = (onElement: boolean) => ({
      ...timeline,
      segments: timeline.segments.filter(({ track }) => this.#isOnElement(track) === onElement),
    });
    this.web?.setTimeline(select(false));
    this.element.setTimeline(select(true));
  }

  /** Plays a track with the media element from now on. */
  moveToElement(track: PlayerTrack): void {
    if (this.#isOnElement(track)) return;
    this.#onElement.add(track.id);
    for (const oldest of this.#onElement) {
      if (this.#onElement.size <= maxRemembered) break;
      this.#onElement.delete(oldest);
    }
    this.setTimeline(this.#timeline);
  }

  /** Decodes what is likely to be heard next; a media element loads one track only. */
  prepare(track: PlayerTrack, position: number): void {
    if (!this.#isOnElement(track)) this.web?.prepare(track, position);
  }

  step(): void {
    this.web?.step();
    this.element.step();
  }

  setVolume(volume: number): void {
    this.web?.setVolume(volume);
    this.element.setVolume(volume);
  }

  close(): void {
    this.web?.close();
    this.element.close();
  }

  #isOnElement(track: PlayerTrack): boolean {
    return !this.web || this.#onElement.has(track.id);
  }
}
