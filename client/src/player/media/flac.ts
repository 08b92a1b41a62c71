import type { AudioSlices, Slice } from './audio-slices.js';
import { bisect, readOnSeconds } from './bisect.js';
import { type ByteSource, Unplayable } from './byte-source.js';
import { asciiBytes, joinBytes } from './bytes.js';
import {
  type FlacFrame,
  type FlacInfo,
  readFlacHeader,
  readStreamInfo,
  streamInfoBytes,
} from './flac-frames.js';

const maxMetadataBlocks = 1000;
const windowBytes = 128 * 1024;
/** More than a frame of 65,535 samples with 8 channels has in practice. */
const maxFrameBytes = 2 * 1024 * 1024;
const longestHeader = 16;

/**
 * Takes a FLAC file apart.
 * @param start offset of `fLaC`
 * @throws {Unplayable} damaged, truncated, too_complex
 */
export async function openFlac(file: ByteSource, start: number): Promise<AudioSlices> {
  let at = start + 4;
  let info: FlacInfo | undefined;
  let description = new Uint8Array();
  for (let block = 0; block < maxMetadataBlocks; block += 1) {
    const header = await file.read(at, 4);
    if (header.length < 4) throw new Unplayable('truncated');
    if ((header[0]! & 127) === 0) {
      description = (await file.read(at + 4, streamInfoBytes)).slice();
      info = readStreamInfo(description);
    }
    at += 4 + ((header[1]! << 16) | (header[2]! << 8) | header[3]!);
    if (header[0]! < 128) continue;
    if (!info) throw new Unplayable('damaged');
    return new FlacSlices(file, at, info, description);
  }
  throw new Unplayable('too_complex');
}

/** A FLAC file: slices of whole frames, which need nothing before them, behind a STREAMINFO. */
class FlacSlices implements AudioSlices {
  readonly codec = 'flac';
  readonly sampleRate: number;
  readonly channels: number;
  readonly length: number | undefined;
  readonly #head: Uint8Array;
  /** The frame behind the slice that was made last. */
  #next: FlacFrame | undefined;
  #window: Uint8Array = new Uint8Array();
  #windowAt = 0;

  constructor(
    private readonly file: ByteSource,
    private readonly first: number,
    private readonly info: FlacInfo,
    description: Uint8Array,
  ) {
    this.sampleRate = info.sampleRate;
    this.channels = info.channels;
    this.length = info.length;
    // Sizes of frames, length and checksum are those of the whole file: 0 means unknown.
    description.fill(0, 4, 10);
    description[13]! &= 0xf0;
    description.fill(0, 14);
    this.#head = joinBytes([asciiBytes('fLaC'), Uint8Array.of(0x80, 0, 0, streamInfoBytes), description]);
  }

  async sliceAt(sample: number): Promise<Slice | null> {
    if (!(sample >= 0 && sample < (this.length ?? Infinity))) return null;
    const first = await this.#frameAt(sample);
    if (!first) return null;
    let frame = first;
    let next = await this.#follow(frame);
    while (next && next.sample - first.sample < this.sampleRate) {
      frame = next;
      next = await this.#follow(frame);
    }
    this.#next = next;
    const end = next?.sample ?? Math.min(frame.sample + frame.samples, this.length ?? Infinity);
    if (next === undefined && this.length !== undefined && end < this.length) {
      throw new Unplayable('truncated');
    }
    const lastByte = next?.offset ?? Math.min(this.file.size, frame.offset + maxFrameBytes);
    const parts = [this.#head];
    for (let at = first.offset; at < lastByte; at += maxFrameBytes) {
      parts.push(await this.file.read(at, Math.min(maxFrameBytes, lastByte - at)));
    }
    return { bytes: joinBytes(parts), start: first.sample, skip: 0, length: end - first.sample };
  }

  /** The frame that contains a sample; undefined behind the end. */
  async #frameAt(sample: number): Promise<FlacFrame | undefined> {
    const near = this.#next;
    const isNear = near && near.sample <= sample && sample - near.sample < readOnSeconds * this.sampleRate;
    let frame = isNear ? near : await this.#search(sample);
    while (frame && frame.sample + frame.samples <= sample) frame = await this.#follow(frame);
    return frame;
  }

  /** A frame not long before a sample, found by the sample numbers in the frames. */
  async #search(sample: number): Promise<FlacFrame | undefined> {
    const first = await this.#find(this.first, (frame) => frame.sample === 0);
    if (!first) throw new Unplayable('damaged');
    const end = { offset: this.file.size, sample: this.length ?? Infinity };
    return bisect(first, end, sample, this.sampleRate, (offset, low, high) =>
      this.#find(offset, (frame) => frame.sample > low.sample && frame.sample < high.sample),
    );
  }

  /** The frame directly behind another one: the numbers continue. */
  async #follow(frame: FlacFrame): Promise<FlacFrame | undefined> {
    const expected = frame.sample + frame.samples;
    return this.#find(frame.offset + frame.headerBytes, (next) => next.sample === expected);
  }

  /** The first frame from an offset on that fits; undefined if none begins within the length of a frame. */
  async #find(
    offset: number,
    fits: (frame: Omit<FlacFrame, 'offset'>) => boolean,
  ): Promise<FlacFrame | undefined> {
    const end = Math.min(offset + maxFrameBytes, this.file.size);
    for (let at = offset; at < end; at += 1) {
      await this.#load(at);
      const found = this.#window.indexOf(0xff, at - this.#windowAt);
      at = this.#windowAt + (found < 0 ? this.#window.length : found);
      await this.#load(at);
      const header = readFlacHeader(this.#window, at - this.#windowAt, this.info);
      if (header && fits(header)) return { offset: at, ...header };
    }
    return undefined;
  }

  /** Makes the window contain a header at an offset, as far as the file has it. */
  async #load(offset: number): Promise<void> {
    const end = Math.min(offset + longestHeader, this.file.size);
    if (offset >= this.#windowAt && end <= this.#windowAt + this.#window.length) return;
    this.#window = await this.file.read(offset, windowBytes);
    this.#windowAt = offset;
  }
}
