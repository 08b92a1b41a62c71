import type { AudioSlices, Slice } from '../media/audio-slices.js';
import { Unplayable } from '../media/byte-source.js';
import type { SilentReason } from '../player-room.js';
import type { RenderHost } from '../render/render-host.js';

/** Decodes a slice into `slice.length` samples of each channel. */
export type DecodeSlice = (slices: AudioSlices, slice: Slice) => Promise<Float32Array<ArrayBuffer>[]>;

const firstRetryMs = 500;
const maxRetryMs = 8000;
/** Seconds before the position: the resampler needs samples on both sides. */
const startMargin = 0.05;
/** Slices in a row that the decoder may refuse before the track counts as unplayable; each is replaced by silence. */
const maxRefusedSlices = 3;
/** The server's duration of a track may differ from that of its audio by so many seconds. */
const overAfter = 0.25;

export type FeedState =
  | { is: 'filling' }
  | { is: 'filled' }
  /** The network failed, or is too slow; attempts go on by themselves, until one succeeds. */
  | { is: 'retrying' }
  /** The track cannot be played. */
  | { is: 'failed' };

/**
 * Reads one track from a position on, decodes it and hands the samples to a voice of the renderer. Owned by the
 * scheduler. Holds decoded audio from `start` to `end`, no more than was asked for with `want`.
 */
export class TrackFeed {
  #slices: AudioSlices | undefined;
  #start = 0;
  #end = 0;
  #wanted = 0;
  #ended = false;
  #running = false;
  #closed = false;
  #refused = 0;
  /** Where there is silence because the decoder refused a slice, or a part is missing: seconds of the track. */
  #silent: { from: number; to: number }[] = [];
  #retryMs = firstRetryMs;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #state: FeedState = { is: 'filling' };

  /**
   * @param position seconds into the track at which the feed begins
   * @param outputRate frames a second of the output
   * @param gain factor with which the track is played
   * @param onChange called when there is more audio, or another state
   * @param isLate whether another feed has fallen behind the room, which this one replaces
   */
  constructor(
    private readonly open: () => Promise<AudioSlices>,
    private readonly decode: DecodeSlice,
    private readonly host: RenderHost,
    readonly voice: number,
    private readonly position: number,
    private readonly outputRate: number,
    readonly gain: number,
    private readonly onChange: () => void,
    isLate = false,
  ) {
    if (isLate) this.#state = { is: 'retrying' };
  }

  get state(): FeedState {
    return this.#state;
  }

  /** Samples a second; NaN until the track is open. */
  get sampleRate(): number {
    return this.#slices?.sampleRate ?? NaN;
  }

  /** The first sample behind the decoded audio. */
  get end(): number {
    return this.#end;
  }

  /** Whether nothing follows the decoded audio. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether the samples from `from` up to `to` are there; those before the track and behind its end are silent. */
  has(from: number, to: number): boolean {
    return this.#slices !== undefined && Math.max(0, from) >= this.#start && (this.#ended || to <= this.#end);
  }

  /** Why a position is silent; undefined if it has audio. */
  silenceAt(seconds: number): SilentReason | undefined {
    if (this.#silent.some(({ from, to }) => from <= seconds && seconds < to)) return 'unplayable';
    const isOver = this.#ended && seconds > this.#end / this.sampleRate + overAfter;
    return isOver ? 'ended' : undefined;
  }

  /** Whether a position can be reached without beginning anew: it is in the decoded audio, or soon follows it. */
  reaches(seconds: number): boolean {
    // Loading the file again would fail in the same way.
    if (this.#state.is === 'failed') return true;
    if (!this.#slices) return Math.abs(seconds - this.position) < 3;
    const sample = seconds * this.sampleRate;
    return sample >= this.#start && (sample < this.#end + 3 * this.sampleRate || this.#ended);
  }

  /** Decodes on until `seconds` into the track. */
  want(seconds: number): void {
    this.#wanted = Math.max(this.#wanted, seconds);
    if (this.#retryTimer === undefined) void this.#fill();
  }

  /** Forgets what is before `seconds`. */
  trim(seconds: number): void {
    if (!this.#slices) return;
    const before = Math.floor(seconds * this.sampleRate);
    if (before <= this.#start) return;
    this.host.trim(this.voice, before);
    this.#start = Math.min(before, this.#end);
    this.#silent = this.#silent.filter(({ to }) => to > seconds);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    if (this.#slices) this.host.close(this.voice);
  }

  async #fill(): Promise<void> {
    if (this.#running || this.#closed || this.#state.is === 'failed') return;
    this.#running = true;
    try {
      const slices = (this.#slices ??= await this.#open());
      while (!this.#closed && !this.#ended && this.#end < this.#wanted * slices.sampleRate) {
        await this.#addSlice(slices);
        this.#state = { is: 'filling' };
        this.#retryMs = firstRetryMs;
        if (!this.#closed) this.onChange();
      }
      this.#state = { is: 'filled' };
    } catch (error) {
      if (!this.#closed) this.#fail(error);
    } finally {
      this.#running = false;
    }
  }

  async #open(): Promise<AudioSlices> {
    const slices = await this.open();
    if (this.#closed) return slices;
    this.host.open(this.voice, slices.sampleRate / this.outputRate);
    this.#start = this.#end = Math.max(0, Math.floor((this.position - startMargin) * slices.sampleRate));
    return slices;
  }

  async #addSlice(slices: AudioSlices): Promise<void> {
    const slice = await slices.sliceAt(this.#end);
    if (this.#closed) return;
    if (slice === null) {
      this.#ended = true;
      return;
    }
    const channels = await this.#decode(slices, slice);
    if (this.#closed) return;
    if (channels) this.host.push(this.voice, slice.start, channels);
    else this.#addSilence(slice.start, slice.start + slice.length);
    // A part that is damaged may be missing between two slices.
    if (this.#end > this.#start && slice.start > this.#end) this.#addSilence(this.#end, slice.start);
    // The first slice contains the position at which the feed begins, and may begin before it.
    if (this.#end === this.#start) this.#start = Math.min(this.#start, slice.start);
    this.#end = slice.start + slice.length;
  }

  #addSilence(from: number, to: number): void {
    this.#silent.push({ from: from / this.sampleRate, to: to / this.sampleRate });
  }

  async #decode(slices: AudioSlices, slice: Slice): Promise<Float32Array<ArrayBuffer>[] | undefined> {
    try {
      const channels = await this.decode(slices, slice);
      this.#refused = 0;
      return channels;
    } catch (error) {
      this.#refused += 1;
      if (this.#refused >= maxRefusedSlices) throw error;
      return undefined;
    }
  }

  #fail(error: unknown): void {
    // A RangeError is reading numbers behind the end of a part: the file contradicts itself.
    if (error instanceof Unplayable || error instanceof RangeError) this.#state = { is: 'failed' };
    else {
      this.#state = { is: 'retrying' };
      this.#retryTimer = setTimeout(() => {
        this.#retryTimer = undefined;
        void this.#fill();
      }, this.#retryMs);
      this.#retryMs = Math.min(2 * this.#retryMs, maxRetryMs);
    }
    this.onChange();
  }
}
