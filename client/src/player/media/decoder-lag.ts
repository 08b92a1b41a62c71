import type { AudioCodec } from './audio-slices.js';
import { aacClick, mp3Click } from './click-data.js';
import type { DecodeFile } from './slice-decoder.js';

const clickRate = 44_100;

/** The clicks, and the decoded sample at which each has its largest value in the decoders of FFmpeg and Chromium. */
const clicks: Partial<Record<AudioCodec, { data: string; peak: number }>> = {
  mp3: { data: mp3Click, peak: 2634 },
  aac: { data: aacClick, peak: 2552 },
};

/**
 * Finds out by how many samples this browser's decoder of a codec is later than the one that the demuxers were measured
 * with: decoders differ in how much of the beginning they leave out. Each codec is measured once, when it is needed.
 */
export class DecoderLag {
  readonly #lags = new Map<AudioCodec, Promise<number>>();

  constructor(private readonly decode: DecodeFile) {}

  /** Samples; 0 where the codec has no such difference, or the click cannot be decoded. */
  of(codec: AudioCodec): Promise<number> {
    const known = this.#lags.get(codec);
    if (known) return known;
    const measured = this.#measure(codec);
    this.#lags.set(codec, measured);
    return measured;
  }

  async #measure(codec: AudioCodec): Promise<number> {
    const click = clicks[codec];
    if (!click) return 0;
    const bytes = Uint8Array.from(atob(click.data), (character) => character.charCodeAt(0));
    try {
      const samples = (await this.decode(bytes, clickRate)).getChannelData(0);
      const peak = samples.reduce(
        (best, value, i) => (Math.abs(value) > Math.abs(samples[best]!) ? i : best),
        0,
      );
      return peak - click.peak;
    } catch {
      return 0;
    }
  }
}
