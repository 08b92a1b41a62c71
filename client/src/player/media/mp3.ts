import type { AudioSlices, Slice } from './audio-slices.js';
import { type ByteSource, Unplayable } from './byte-source.js';
import { id3Bytes, joinBytes, latin1, viewOf } from './bytes.js';
import { findFirstFrame, FrameIndex, type IndexedFrame } from './frame-index.js';
import { type FrameHeader, parseMp3Header } from './mpeg-frames.js';

/** Samples by which an MP3 decoder is late: its filter bank has 528, and one more by definition. */
const decoderDelay = 529;
/** What LAME and most other encoders add before the first sample; taken where the file does not tell. */
const usualEncoderDelay = 576;
/** The most bytes of earlier frames that a frame may refer to. */
const maxReservoirBytes = 511;
const maxPreRoll = 12;

/** What the information frame at the beginning tells. */
interface GaplessInfo {
  /** Frames behind the information frame; undefined if it does not tell. */
  frames: number | undefined;
  /** Samples that the encoder added at the beginning and at the end. */
  delay: number;
  padding: number;
  /** Whether all frames have the same bit rate. */
  constant: boolean;
}

/**
 * Takes an MP3 file apart.
 * @throws {Unplayable} unsupported, too_complex
 */
export async function openMp3(file: ByteSource): Promise<AudioSlices> {
  const first = await findFirstFrame(file, id3Bytes(await file.read(0, 10)), parseMp3Header);
  if (!first) throw new Unplayable('unsupported', 'The file has no MP3 frames.');
  const { offset, header } = first;
  const info = readInfo(await file.read(offset, header.bytes), header);
  if (!info) return new Mp3Slices(file, offset, header, undefined);
  return new Mp3Slices(file, offset + header.bytes, header, info);
}

/** Reads the Xing or Info header with LAME's extension. */
function readInfo(frame: Uint8Array, header: FrameHeader): GaplessInfo | undefined {
  const at = header.headerBytes + sideInfoBytes(header);
  const tag = latin1(frame, at, at + 4);
  // VBRI, of another encoder, is at a fixed place and tells neither delay nor padding.
  if (latin1(frame, 36, 40) === 'VBRI') {
    return { frames: undefined, delay: usualEncoderDelay, padding: 0, constant: false };
  }
  if (tag !== 'Xing' && tag !== 'Info') return undefined;
  const view = viewOf(frame);
  const flags = view.getUint32(at + 4);
  let next = at + 8;
  const frames = flags & 1 ? view.getUint32(next) : undefined;
  next += 4 * ((flags & 1) + ((flags >> 1) & 1) + ((flags >> 3) & 1)) + 100 * ((flags >> 2) & 1);
  const unknown = { frames, delay: usualEncoderDelay, padding: 0, constant: tag === 'Info' };
  if (next + 24 > frame.length) return unknown;
  const packed = (frame[next + 21]! << 16) | (frame[next + 22]! << 8) | frame[next + 23]!;
  const [delay, padding] = [packed >> 12, packed & 0xfff];
  return delay === 0 && padding === 0 ? unknown : { ...unknown, delay, padding };
}

const sideInfoBytes = ({ version1, channels }: FrameHeader) => {
  if (version1) return channels === 1 ? 17 : 32;
  return channels === 1 ? 9 : 17;
};

/** An MP3 file: slices of whole frames, with the frames before them that decoding them needs. */
class Mp3Slices implements AudioSlices {
  readonly codec = 'mp3';
  readonly sampleRate: number;
  readonly channels: number;
  readonly length: number | undefined;
  readonly #index: FrameIndex;
  readonly #perSlice: number;
  /** Decoded samples before the first one that is to be heard. */
  readonly #delay: number;
  /** Whether frames can be found by their size; undefined until it was tried. */
  #constant: boolean | undefined;

  constructor(
    private readonly file: ByteSource,
    private readonly first: number,
    private readonly model: FrameHeader,
    info: GaplessInfo | undefined,
  ) {
    this.sampleRate = model.sampleRate;
    this.channels = model.channels;
    this.#index = new FrameIndex(file, parseMp3Header, first, model);
    this.#perSlice = Math.ceil(model.sampleRate / model.samples);
    this.#delay = (info?.delay ?? usualEncoderDelay) + decoderDelay;
    if (info && !info.constant) this.#constant = false;
    if (info?.frames) this.length = Math.max(0, info.frames * model.samples - info.delay - info.padding);
  }

  async sliceAt(sample: number): Promise<Slice | null> {
    if (!(sample >= 0 && sample < (this.length ?? Infinity))) return null;
    const { samples } = this.model;
    const number = Math.floor((sample + this.#delay) / (samples * this.#perSlice)) * this.#perSlice;
    // A frame more than is needed at the end: some decoders are late.
    const before = Math.min(number, maxPreRoll);
    const frames = await this.#frames(number - before, before + this.#perSlice + 1);
    const own = Math.min(this.#perSlice, frames.length - before);
    if (own <= 0) return null;
    const bytes = await this.file.read(frames[0]!.offset, endOf(frames) - frames[0]!.offset);
    const preRoll = this.#preRoll(frames, before, bytes);
    const used = frames.slice(before - preRoll);
    const start = Math.max(0, number * samples - this.#delay);
    const end = Math.min((number + own) * samples - this.#delay, this.length ?? Infinity);
    if (start >= end || sample >= end) return null;
    const from = frames[0]!.offset;
    return {
      bytes: joinBytes(
        used.map(({ offset, header }) => bytes.subarray(offset - from, offset - from + header.bytes)),
      ),
      start,
      skip: preRoll * samples + start + this.#delay - number * samples,
      length: end - start,
    };
  }

  /**
   * How many frames before the slice have to be decoded: the filter bank needs the two granules before it, and those
   * need the bytes of earlier frames that they refer to.
   */
  #preRoll(frames: readonly IndexedFrame[], before: number, bytes: Uint8Array): number {
    const whole = Math.min(before, this.model.version1 ? 1 : 2);
    if (whole === 0) return 0;
    let count = whole;
    const from = frames[0]!.offset;
    const firstWhole = frames[before - whole]!;
    let missing = reservoirBytes(bytes, firstWhole.offset - from, firstWhole.header);
    while (missing > 0 && count < before) {
      count += 1;
      const { header } = frames[before - count]!;
      missing -= header.bytes - header.headerBytes - sideInfoBytes(header);
    }
    return Math.min(before, Math.max(2, count + 1));
  }

  async #frames(from: number, count: number): Promise<IndexedFrame[]> {
    if (this.#constant !== false && this.#index.isFar(from)) {
      const offset = await this.#offsetOf(from);
      if (offset !== undefined) return this.#index.framesFrom(offset, count);
    }
    return this.#index.frames(from, count);
  }

  /**
   * The offset of a frame in a file of constant bit rate. A padding byte in some frames keeps the bit rate exact, so
   * that a frame is within a byte of where the rate puts it; a file of another kind hardly ever has frames there.
   */
  async #offsetOf(number: number): Promise<number | undefined> {
    if (this.#constant === undefined) {
      const samples = [number >> 1, number >> 2].map((earlier) => this.#offsetAsExpected(earlier));
      this.#constant = (await Promise.all(samples)).every((offset) => offset !== undefined);
    }
    const offset = this.#constant ? await this.#offsetAsExpected(number) : undefined;
    this.#constant = offset !== undefined;
    return offset;
  }

  async #offsetAsExpected(number: number): Promise<number | undefined> {
    const { samples, bitrate, sampleRate } = this.model;
    const expected = this.first + Math.floor((number * samples * bitrate) / 8 / sampleRate);
    for (const offset of [expected, expected + 1, expected - 1]) {
      const [frame, next] = await this.#index.framesFrom(offset, 2);
      const fits = frame?.offset === offset && frame.header.bitrate === bitrate;
      if (fits && next?.offset === offset + frame.header.bytes && next.header.bitrate === bitrate) {
        return offset;
      }
    }
    return undefined;
  }
}

/** `main_data_begin`: bytes before the frame's side information where its data begins. */
const reservoirBytes = (bytes: Uint8Array, offset: number, { headerBytes, version1 }: FrameHeader) => {
  const at = offset + headerBytes;
  const begin = version1 ? (bytes[at]! << 1) | (bytes[at + 1]! >> 7) : bytes[at]!;
  return Math.min(begin, maxReservoirBytes);
};

const endOf = (frames: readonly IndexedFrame[]) => {
  const last = frames.at(-1)!;
  return last.offset + last.header.bytes;
};
