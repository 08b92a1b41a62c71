import type { AudioSlices } from './audio-slices.js';
import type { ByteSource } from './byte-source.js';
import { indexFrames } from './frame-index.js';
import { framedSlices } from './framed-slices.js';
import { parseAdtsHeader } from './mpeg-frames.js';

/** What encoders add before the first sample; an ADTS file does not tell. */
const usualDelay = 1024;

/**
 * Takes an AAC file of ADTS frames apart. A frame overlaps with the one before it.
 * @param start offset behind the tags
 * @throws {Unplayable} unsupported, too_complex
 */
export async function openAdts(file: ByteSource, start: number): Promise<AudioSlices> {
  const index = await indexFrames(file, start, parseAdtsHeader);
  const { first } = index;
  return framedSlices(file, {
    codec: 'aac',
    sampleRate: first.sampleRate,
    channels: first.channels,
    frameSamples: first.samples,
    delay: usualDelay,
    length: undefined,
    maxPreRoll: 1,
    framesAt: (from, count) => index.frames(from, count),
  });
}
