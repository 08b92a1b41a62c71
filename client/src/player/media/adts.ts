import type { AudioSlices, Slice } from './audio-slices.js';
import { type ByteSource, Unplayable } from './byte-source.js';
import { id3Bytes, joinBytes } from './bytes.js';
import { findFirstFrame, FrameIndex } from './frame-index.js';
import { type FrameHeader, parseAdtsHeader } from './mpeg-frames.js';

/** What encoders add before the first sample; an ADTS file does not tell. */
const usualDelay = 1024;

/**
 * Takes an AAC file of ADTS frames apart.
 * @throws {Unplayable} unsupported, too_complex
 */
export async function openAdts(file: ByteSource): Promise<AudioSlices> {
  const first = await findFirstFrame(file, id3Bytes(await file.read(0, 10)), parseAdtsHeader);
  if (!first) throw new Unplayable('unsupported', 'The file has no ADTS frames.');
  return new AdtsSlices(file, first.offset, first.header);
}

/** An ADTS file: slices of whole frames, with one before them that they overlap with. */
class AdtsSlices implements AudioSlices {
  readonly codec = 'aac';
  readonly sampleRate: number;
  readonly channels: number;
  readonly length = undefined;
  readonly #index: FrameIndex;
  readonly #perSlice: number;

  constructor(
    private readonly file: ByteSource,
    first: number,
    private readonly model: FrameHeader,
  ) {
    this.sampleRate = model.sampleRate;
    this.channels = model.channels;
    this.#index = new FrameIndex(file, parseAdtsHeader, first, model);
    this.#perSlice = Math.ceil(model.sampleRate / model.samples);
  }

  async sliceAt(sample: number): Promise<Slice | null> {
    if (!(sample >= 0)) return null;
    const { samples } = this.model;
    const number = Math.floor((sample + usualDelay) / (samples * this.#perSlice)) * this.#perSlice;
    const preRoll = Math.min(number, 1);
    // A frame more than is needed at the end: some decoders are late.
    const frames = await this.#index.frames(number - preRoll, preRoll + this.#perSlice + 1);
    const own = Math.min(this.#perSlice, frames.length - preRoll);
    if (own <= 0) return null;
    const start = Math.max(0, number * samples - usualDelay);
    const end = (number + own) * samples - usualDelay;
    if (sample >= end) return null;
    const parts = await Promise.all(frames.map(({ offset, header }) => this.file.read(offset, header.bytes)));
    return {
      bytes: joinBytes(parts),
      start,
      skip: preRoll * samples + start + usualDelay - number * samples,
      length: end - start,
    };
  }
}
