import type { PlayerClock, PlayerStatus, PlayerTrack } from '../player-room.js';
import type { HeardPosition, Output } from './output.js';
import { emptyTimeline, type Segment, segmentAfter, segmentAt, type Timeline } from './timeline.js';

/** Errors below this are left alone: a media element does not tell its position better. */
const deadBand = 0.015;
/** Errors above this are corrected by a seek. */
const seekFrom = 0.25;
const maxRate = 0.005;
/** Seconds in which an error is corrected. */
const correctionTime = 2;
const seekCooldownMs = 1500;
/** The element may end so much before its segment does. */
const endedSeconds = 1;
/** What a seek takes, before any was measured. */
const usualSeekSeconds = 0.05;
const firstRetryMs = 500;
const maxRetryMs = 8000;

/**
 * Plays through a media element: 10 to 30 ms exact. The last resort, for tracks that cannot be taken apart and browsers
 * without Web Audio. Owned by the player.
 */
export class ElementOutput implements Output {
  readonly #element = new Audio();
  #timeline: Timeline = emptyTimeline;
  #segment: Segment | undefined;
  #loadedTrack: string | undefined;
  #failed = false;
  #volume = 1;
  #gain = 1;
  #blocked = false;
  /** When to load again what could not be loaded, of `performance.now()`, and how long to wait after that. */
  #nextLoad = -Infinity;
  #retryMs = firstRetryMs;
  #lastSeek = -Infinity;
  #seekSeconds = usualSeekSeconds;
  /** Whether the error behind the last seek still tells how long that took. */
  #learning = false;

  /** @param clock the room clock, shifted by the user's offset */
  constructor(
    private readonly clock: PlayerClock,
    private readonly mediaUrl: (url: string) => Promise<string>,
    private readonly gainOf: (track: PlayerTrack) => number,
  ) {
    this.#element.preservesPitch = false;
    this.#element.addEventListener('error', () => {
      if (this.#element.error?.code === MediaError.MEDIA_ERR_NETWORK) this.#loadLater();
      else this.#failed = true;
    });
    this.#element.addEventListener('playing', () => {
      this.#retryMs = firstRetryMs;
    });
  }

  get buffered(): number {
    const { buffered, currentTime } = this.#element;
    return buffered.length > 0 ? Math.max(0, buffered.end(buffered.length - 1) - currentTime) : 0;
  }

  get heard(): HeardPosition | undefined {
    const segment = this.#segment;
    if (!segment || this.#element.paused || this.#element.readyState < 3) return undefined;
    const position = this.#element.currentTime;
    return { trackId: segment.track.id, position, error: position - this.#wanted(segment) };
  }

  get status(): PlayerStatus | undefined {
    if (this.#timeline.segments.length === 0) return undefined;
    if (!Number.isFinite(this.clock.uncertainty)) return { is: 'buffering', reason: 'clock' };
    if (!this.#segment) {
      return segmentAfter(this.#timeline, this.clock.now()) && { is: 'silent', reason: 'starting' };
    }
    if (this.#failed) return { is: 'silent', reason: 'unplayable' };
    if (this.#loadedTrack === undefined) return { is: 'buffering', reason: 'network' };
    if (this.#blocked) return { is: 'blocked', reason: 'needs_gesture' };
    if (this.#element.ended) return { is: 'silent', reason: 'ended' };
    const { heard } = this;
    if (!heard) return { is: 'buffering', reason: 'loading' };
    const error = Math.abs(heard.error);
    if (error <= 2 * deadBand) return { is: 'in_step', reason: 'media_element' };
    return { is: 'correcting', reason: error > seekFrom ? 'jump' : 'rate' };
  }

  async unlock(): Promise<void> {
    this.#blocked = false;
    await this.#play();
  }

  setTimeline(timeline: Timeline): void {
    this.#timeline = timeline;
  }

  step(): void {
    if (!Number.isFinite(this.clock.uncertainty)) return;
    const segment = segmentAt(this.#timeline, this.clock.now());
    this.#segment = segment;
    if (!segment) {
      this.#element.pause();
      return;
    }
    if (this.#loadedTrack !== segment.track.id && performance.now() >= this.#nextLoad) {
      this.#loadedTrack = segment.track.id;
      this.#gain = this.gainOf(segment.track);
      this.setVolume(this.#volume);
      this.#failed = false;
      void this.#load(segment.track);
    }
    if (this.#failed || this.#blocked || this.#element.readyState < 1 || this.#element.seeking) return;
    this.#correct(segment);
  }

  setVolume(volume: number): void {
    this.#volume = volume;
    // An element cannot raise a track above its own volume.
    this.#element.volume = Math.min(1, volume * this.#gain);
  }

  close(): void {
    this.#element.pause();
    this.#element.removeAttribute('src');
    this.#element.load();
  }

  #wanted(segment: Segment): number {
    return this.clock.now() - segment.startedAt;
  }

  #correct(segment: Segment): void {
    const element = this.#element;
    const wanted = this.#wanted(segment);
    // An element that has ended is started again only for the same track's next segment.
    if (wanted >= element.duration || (element.ended && wanted > element.duration - endedSeconds)) return;
    const error = element.currentTime - wanted;
    const since = performance.now() - this.#lastSeek;
    if ((element.paused || Math.abs(error) > seekFrom) && since > seekCooldownMs) {
      this.#lastSeek = performance.now();
      this.#learning = true;
      element.currentTime = wanted + this.#seekSeconds;
      void this.#play();
      return;
    }
    if (this.#learning && since > seekCooldownMs / 2) {
      this.#learning = false;
      this.#seekSeconds = Math.max(0, Math.min(1, this.#seekSeconds - error));
    }
    const rate = Math.max(-maxRate, Math.min(maxRate, -error / correctionTime));
    element.playbackRate = Math.abs(error) < deadBand ? 1 : 1 + rate;
  }

  async #load(track: PlayerTrack): Promise<void> {
    try {
      const url = await this.mediaUrl(track.stream_url);
      if (this.#loadedTrack !== track.id) return;
      this.#lastSeek = -Infinity;
      this.#element.src = url;
    } catch {
      // Without a URL now, perhaps later.
      if (this.#loadedTrack === track.id) this.#loadLater();
    }
  }

  #loadLater(): void {
    this.#loadedTrack = undefined;
    this.#nextLoad = performance.now() + this.#retryMs;
    this.#retryMs = Math.min(2 * this.#retryMs, maxRetryMs);
  }

  async #play(): Promise<void> {
    if (!this.#segment) return;
    try {
      await this.#element.play();
      this.#blocked = false;
    } catch (error) {
      this.#blocked = error instanceof DOMException && error.name === 'NotAllowedError';
    }
  }
}
