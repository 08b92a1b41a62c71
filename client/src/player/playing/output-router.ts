import type { PlayerStatus, PlayerTrack } from '../player-room.js';
import type { ElementOutput } from './element-output.js';
import type { HeardPosition, Output } from './output.js';
import { emptyTimeline, type Timeline } from './timeline.js';
import type { WebAudioOutput } from './web-audio-output.js';

/** Tracks that are remembered as not playable by Web Audio. */
const maxRemembered = 100;
/** A media element that could not be loaded is asked for again after this long, not at each step. */
const reloadMs = 5_000;

/**
 * Plays each track with Web Audio, or, where that cannot play it, with a media element, which is loaded when it is first
 * needed. Owned by the player.
 */
export class OutputRouter implements Output {
  readonly #onElement = new Set<string>();
  #timeline: Timeline = emptyTimeline;
  #element: ElementOutput | undefined;
  #loading: 'not begun' | 'begun' | 'failed' = 'not begun';
  /** When it may be loaded, of `performance.now()`. */
  #nextLoad = -Infinity;
  #volume = 1;
  #isClosed = false;

  /**
   * @param web undefined where the browser has no Web Audio
   * @param loadElement may reject; it is called again some seconds later
   */
  constructor(
    readonly web: WebAudioOutput | undefined,
    private readonly loadElement: () => Promise<ElementOutput>,
  ) {}

  get buffered(): number {
    return this.web?.buffered || (this.#element?.buffered ?? 0);
  }

  get latency(): number {
    return this.web?.latency ?? 0;
  }

  get heard(): HeardPosition | undefined {
    return this.web?.heard ?? this.#element?.heard;
  }

  get status(): PlayerStatus | undefined {
    const [first, second] = [this.web?.status, this.#element ? this.#element.status : this.#loadingStatus()];
    // One of them may be about to begin while the other is heard.
    return first && first.is !== 'silent' ? first : (second ?? first);
  }

  async unlock(): Promise<void> {
    await Promise.all([this.web?.unlock(), this.#element?.unlock()]);
  }

  setTimeline(timeline: Timeline): void {
    this.#timeline = timeline;
    this.web?.setTimeline(this.#select(false));
    const onElement = this.#select(true);
    this.#element?.setTimeline(onElement);
    const mayLoad = this.#loading !== 'begun' && performance.now() >= this.#nextLoad;
    if (!this.#element && mayLoad && onElement.segments.length > 0) void this.#load();
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
    this.#element?.step();
  }

  setVolume(volume: number): void {
    this.#volume = volume;
    this.web?.setVolume(volume);
    this.#element?.setVolume(volume);
  }

  close(): void {
    this.#isClosed = true;
    this.web?.close();
    this.#element?.close();
  }

  async #load(): Promise<void> {
    this.#loading = 'begun';
    try {
      const element = await this.loadElement();
      if (this.#isClosed) return element.close();
      this.#element = element;
      element.setVolume(this.#volume);
      element.setTimeline(this.#select(true));
      element.step();
    } catch {
      this.#loading = 'failed';
      this.#nextLoad = performance.now() + reloadMs;
    }
  }

  #loadingStatus(): PlayerStatus | undefined {
    if (this.#select(true).segments.length === 0) return undefined;
    return this.#loading === 'failed'
      ? { is: 'silent', reason: 'unplayable' }
      : { is: 'buffering', reason: 'loading' };
  }

  #select(onElement: boolean): Timeline {
    const segments = this.#timeline.segments.filter(({ track }) => this.#isOnElement(track) === onElement);
    return { ...this.#timeline, segments };
  }

  #isOnElement(track: PlayerTrack): boolean {
    return !this.web || this.#onElement.has(track.id);
  }
}
