import type { AudioCodec, AudioSlices, Slice } from './audio-slices.js';
import { type ByteSource, Unplayable } from './byte-source.js';
import { joinBytes } from './bytes.js';

/** Where a frame is in its file. */
export interface FrameRange {
  offset: number;
  bytes: number;
}

/** A file of frames that decode to the same number of samples each. */
export interface FramedFormat {
  codec: AudioCodec;
  sampleRate: number;
  channels: number;
  frameSamples: number;
  /** Decoded samples before the first one that is to be heard. */
  delay: number;
  /** Samples that are to be heard; undefined where only the last frame can tell. */
  length: number | undefined;
  /** The most frames before a slice that decoding it may need. */
  maxPreRoll: number;
  /** The frames from a number on; fewer at the end of the file. */
  framesAt(from: number, count: number): Promise<FrameRange[]>;
  /** How many of the frames before a slice its decoding needs; without it all of them. */
  preRollOf?(before: readonly Uint8Array[]): number;
  /** What a decoder gets for a frame; without it the frame as it is. */
  wrap?(frame: Uint8Array): Uint8Array;
}

/** Slices of whole frames, each with the frames before it that decoding it needs. */
export function framedSlices(file: ByteSource, format: FramedFormat): AudioSlices {
  const { codec, sampleRate, channels, frameSamples, delay, length, maxPreRoll } = format;
  const perSlice = Math.ceil(sampleRate / frameSamples);
  const lastSample = length ?? Infinity;

  async function sliceAt(sample: number): Promise<Slice | null> {
    if (!(sample >= 0 && sample < lastSample)) return null;
    const number = Math.floor((sample + delay) / (frameSamples * perSlice)) * perSlice;
    const before = Math.min(number, maxPreRoll);
    // A frame more than is needed at the end: some decoders are late.
    const frames = await format.framesAt(number - before, before + perSlice + 1);
    const own = Math.min(perSlice, frames.length - before);
    const start = Math.max(0, number * frameSamples - delay);
    const end = Math.min((number + own) * frameSamples - delay, lastSample);
    if (own <= 0 || sample >= end) return null;
    const parts = await Promise.all(frames.map(({ offset, bytes }) => file.read(offset, bytes)));
    if (parts.some((part, index) => part.length < frames[index]!.bytes)) {
      throw new Unplayable('truncated');
    }
    const preRoll = format.preRollOf?.(parts.slice(0, before)) ?? before;
    const used = parts.slice(before - preRoll);
    return {
      bytes: joinBytes(format.wrap ? used.map((frame) => format.wrap!(frame)) : used),
      start,
      skip: (preRoll - number) * frameSamples + start + delay,
      length: end - start,
    };
  }
  return { codec, sampleRate, channels, length, sliceAt };
}
