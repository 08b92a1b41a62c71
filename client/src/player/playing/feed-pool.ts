import type { AudioSlices } from '../media/audio-slices.js';
import type { PlayerTrack } from '../player-room.js';
import type { RenderHost } from '../render/render-host.js';
import type { Segment } from './timeline.js';
import { type DecodeSlice, TrackFeed } from './track-feed.js';

/** So many seconds are decoded of what is likely to be heard next. */
export const prepareSeconds = 10;
/** Opened tracks that are kept: what is heard, what comes next, and what was heard before. */
const maxOpenTracks = 3;

/**
 * The feeds of the segments that are heard or come next, and one that is prepared for a segment not known yet. Owned by
 * the scheduler.
 */
export class FeedPool {
  readonly #open = new Map<string, Promise<AudioSlices>>();
  readonly #feeds = new Map<symbol, TrackFeed>();
  #prepared: { trackId: string; feed: TrackFeed } | undefined;
  #nextVoice = 0;

  constructor(
    private readonly openTrack: (track: PlayerTrack) => Promise<AudioSlices>,
    private readonly decode: DecodeSlice,
    private readonly host: RenderHost,
    private readonly outputRate: number,
    private readonly gainOf: (track: PlayerTrack) => number,
    private readonly onChange: () => void,
  ) {}

  /** The feed of a segment, from a position on if it has none; the prepared feed if that reaches the position. */
  feedOf(segment: Segment, seconds: number): TrackFeed {
    const known = this.#feeds.get(segment.id);
    if (known?.reaches(seconds)) return known;
    known?.close();
    const prepared = this.#prepared;
    let feed: TrackFeed;
    if (prepared?.trackId === segment.track.id && prepared.feed.reaches(seconds)) {
      feed = prepared.feed;
      this.#prepared = undefined;
    } else feed = this.#create(segment.track, seconds, known !== undefined);
    this.#feeds.set(segment.id, feed);
    return feed;
  }

  /** The feed of a segment, if it has one. */
  existing(segment: Segment): TrackFeed | undefined {
    return this.#feeds.get(segment.id);
  }

  /** Decodes what is likely to be heard next: a track from a position on. */
  prepare(track: PlayerTrack, position: number): void {
    if (this.#prepared && (this.#prepared.trackId !== track.id || !this.#prepared.feed.reaches(position))) {
      this.#prepared.feed.close();
      this.#prepared = undefined;
    }
    this.#prepared ??= { trackId: track.id, feed: this.#create(track, position) };
    this.#prepared.feed.want(position + prepareSeconds);
  }

  /** Closes the feeds of other segments than these. */
  keep(segments: readonly Segment[]): void {
    for (const [id, feed] of this.#feeds) {
      if (segments.some((segment) => segment.id === id)) continue;
      feed.close();
      this.#feeds.delete(id);
    }
  }

  close(): void {
    this.keep([]);
    this.#prepared?.feed.close();
    this.#prepared = undefined;
  }

  #create(track: PlayerTrack, position: number, isLate = false): TrackFeed {
    this.#nextVoice += 1;
    return new TrackFeed(
      () => this.#slicesOf(track),
      this.decode,
      this.host,
      this.#nextVoice,
      position,
      this.outputRate,
      this.gainOf(track),
      this.onChange,
      isLate,
    );
  }

  #slicesOf(track: PlayerTrack): Promise<AudioSlices> {
    const known = this.#open.get(track.id);
    if (known) return known;
    const opened = this.openTrack(track);
    this.#open.set(track.id, opened);
    opened.catch(() => this.#open.delete(track.id));
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= maxOpenTracks) break;
      this.#open.delete(oldest);
    }
    return opened;
  }
}
