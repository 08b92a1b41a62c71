import type { AudioCodec, AudioSlices, Slice } from './audio-slices.js';
import { Unplayable } from './byte-source.js';

/** Decodes a file, at its own sample rate. */
export type DecodeFile = (bytes: Uint8Array<ArrayBuffer>, sampleRate: number) => Promise<AudioBuffer>;

/** A decoder that gives fewer samples than this part of a slice has refused it. */
const leastPart = 0.5;
/** So many seconds less is what decoders leave out at the end of a track. */
const mostMissing = 0.1;

/** The context that was used last: Chromium keeps the memory of one per slice. */
let decoder: OfflineAudioContext | undefined;

/**
 * Decodes with `decodeAudioData`, which needs no secure context. An offline context of the file's own rate is used: a
 * context resamples to its rate, slice by slice, and the seams would be heard.
 * @throws {Unplayable} undecodable
 */
export const decodeFile: DecodeFile = async (bytes, sampleRate) => {
  try {
    if (decoder?.sampleRate !== sampleRate) decoder = new OfflineAudioContext(1, 1, sampleRate);
    return await decoder.decodeAudioData(bytes.buffer);
  } catch {
    throw new Unplayable('undecodable');
  }
};

/** Decodes slices into exactly their samples. Owned by the player. */
export class SliceDecoder {
  /**
   * @param lagOf samples by which this browser's decoder of a codec is later than the one that the demuxers were
   * measured with
   */
  constructor(
    private readonly decode: DecodeFile,
    private readonly lagOf: (codec: AudioCodec) => Promise<number>,
  ) {}

  /** @throws {Unplayable} undecodable */
  async samplesOf({ codec, sampleRate }: AudioSlices, slice: Slice): Promise<Float32Array<ArrayBuffer>[]> {
    const skip = slice.skip + (await this.lagOf(codec));
    const decoded = await this.decode(slice.bytes, sampleRate);
    const wanted = slice.skip + slice.length;
    if (decoded.length < Math.max(wanted * leastPart, wanted - mostMissing * sampleRate)) {
      throw new Unplayable('undecodable');
    }
    return Array.from({ length: decoded.numberOfChannels }, (_, channel) => {
      const samples = new Float32Array(slice.length);
      samples.set(
        decoded.getChannelData(channel).subarray(Math.max(0, skip), skip + slice.length),
        Math.max(0, -skip),
      );
      return samples;
    });
  }
}
