import type { AudioSlices } from './audio-slices.js';
import type { ByteSource } from './byte-source.js';
import { latin1, viewOf } from './bytes.js';
import { FrameIndex, indexFrames, type IndexedFrame } from './frame-index.js';
import { framedSlices } from './framed-slices.js';
import { type FrameHeader, parseMp3Header } from './mpeg-frames.js';

/** Samples by which an MP3 decoder is late: its filter bank has 528, and one more by definition. */
const decoderDelay = 529;
/** What LAME and most other encoders add before the first sample; taken where the file does not tell. */
const usualEncoderDelay = 576;
/** A frame may refer to 511 bytes of earlier ones; that many frames of the smallest kind have them. */
const maxPreRoll = 12;

/** What the information frame at the beginning tells. */
interface GaplessInfo {
  /** Frames behind the information frame; undefined if it does not tell. */
  frames?: number | undefined;
  /** Samples that the encoder added at the beginning and at the end. */
  delay: number;
  padding: number;
  /** Whether all frames may have the same bit rate. */
  constant: boolean;
}

const unknownInfo: GaplessInfo = { delay: usualEncoderDelay, padding: 0, constant: true };

/**
 * Takes an MP3 file apart.
 * @param start offset behind the tags
 * @throws {Unplayable} unsupported, too_complex
 */
export async function openMp3(file: ByteSource, start: number): Promise<AudioSlices> {
  let index = await indexFrames(file, start, parseMp3Header);
  let { first } = index;
  const info = readInfo(await file.read(first.offset, first.bytes), first);
  if (info) {
    first = { ...first, offset: first.offset + first.bytes };
    index = new FrameIndex(file, parseMp3Header, first);
  }
  const { frames, delay, padding, constant } = info ?? unknownInfo;
  const bySize = constant ? new FramesBySize(index, first) : undefined;
  const { samples, version1 } = first;
  return framedSlices(file, {
    codec: 'mp3',
    sampleRate: first.sampleRate,
    channels: first.channels,
    frameSamples: samples,
    delay: delay + decoderDelay,
    length: frames ? Math.max(0, frames * samples - delay - padding) : undefined,
    maxPreRoll,
    framesAt: async (from, count) => (await bySize?.frames(from, count)) ?? index.frames(from, count),
    preRollOf: (before) => preRollOf(before, version1 ? 1 : 2),
  });
}

/** Reads the Xing or Info header with LAME's extension. */
function readInfo(frame: Uint8Array, header: FrameHeader): GaplessInfo | undefined {
  // VBRI, of another encoder, is at a fixed place and tells neither delay nor padding.
  if (latin1(frame, 36, 40) === 'VBRI') return { ...unknownInfo, constant: false };
  const at = header.headerBytes + sideInfoBytes(header);
  const tag = latin1(frame, at, at + 4);
  if (tag !== 'Xing' && tag !== 'Info') return undefined;
  const view = viewOf(frame);
  const flags = view.getUint32(at + 4);
  let next = at + 8;
  const frames = flags & 1 ? view.getUint32(next) : undefined;
  next += 4 * ((flags & 1) + ((flags >> 1) & 1) + ((flags >> 3) & 1)) + 100 * ((flags >> 2) & 1);
  const packed = next + 24 > frame.length ? 0 : view.getUint32(next + 20) & 0xffffff;
  const [delay, padding] = packed === 0 ? [usualEncoderDelay, 0] : [packed >> 12, packed & 0xfff];
  return { frames, delay, padding, constant: tag === 'Info' };
}

const sideInfoBytes = ({ version1, channels }: FrameHeader) => {
  if (version1) return channels === 1 ? 17 : 32;
  return channels === 1 ? 9 : 17;
};

/**
 * How many frames before a slice have to be decoded: the filter bank needs the two granules before it, in `whole`
 * frames, and those need the bytes of earlier frames that they refer to.
 */
function preRollOf(before: readonly Uint8Array[], whole: number): number {
  let count = Math.min(before.length, whole);
  if (count === 0) return 0;
  const frame = before[before.length - count]!;
  const { headerBytes, version1 } = parseMp3Header(frame, 0)!;
  // `main_data_begin`: bytes before the frame's side information where its data begins.
  let missing = version1 ? (frame[headerBytes]! << 1) | (frame[headerBytes + 1]! >> 7) : frame[headerBytes]!;
  while (missing > 0 && count < before.length) {
    count += 1;
    const earlier = before[before.length - count]!;
    const header = parseMp3Header(earlier, 0)!;
    missing -= earlier.length - header.headerBytes - sideInfoBytes(header);
  }
  return Math.min(before.length, count + 1);
}

/**
 * Finds frames of a file of constant bit rate without counting them. A padding byte in some frames keeps the bit rate
 * exact, so that a frame is within a byte of where the rate puts it; a file of another kind hardly ever has frames
 * there.
 */
class FramesBySize {
  /** Undefined until it was tried. */
  #constant: boolean | undefined;

  constructor(
    private readonly index: FrameIndex,
    private readonly first: IndexedFrame,
  ) {}

  /** Undefined where the frames have to be counted, or can be quickly. */
  async frames(from: number, count: number): Promise<IndexedFrame[] | undefined> {
    if (this.#constant === false || !this.index.isFar(from)) return undefined;
    if (this.#constant === undefined) {
      const half = await this.#offsetOf(from >> 1);
      this.#constant = half !== undefined && (await this.#offsetOf(from >> 2)) !== undefined;
    }
    const offset = this.#constant ? await this.#offsetOf(from) : undefined;
    const frames = offset === undefined ? [] : await this.index.framesFrom(offset, count);
    // Something between the frames, or another bit rate: their numbers are no longer known.
    this.#constant = frames.length === count && frames.every(({ bitrate }) => bitrate === this.first.bitrate);
    return this.#constant ? frames : undefined;
  }

  async #offsetOf(number: number): Promise<number | undefined> {
    const { samples, bitrate, sampleRate, offset: first } = this.first;
    const expected = first + Math.floor((number * samples * bitrate) / 8 / sampleRate);
    for (const offset of [expected, expected + 1, expected - 1]) {
      const frames = await this.index.framesFrom(offset, 2);
      if (frames.length === 2 && frames.every((frame) => frame.bitrate === bitrate)) return offset;
    }
    return undefined;
  }
}
