import { type ByteSource, Unplayable } from './byte-source.js';
import { type FrameHeader, maxFrameBytes, maxHeaderBytes, type ParseFrameHeader } from './mpeg-frames.js';

/** Bytes that are searched at a time. */
const windowBytes = 64 * 1024;
/** Junk between two frames that is skipped; after more of it the audio has ended. */
const maxGapBytes = 128 * 1024;
/** Gaps of a file in total. */
const maxGapsBytes = 1024 * 1024;
/** Every so many frames an offset is kept, and every second one is dropped when there are too many. */
const firstStride = 32;
const maxMarks = 8192;

export interface IndexedFrame extends FrameHeader {
  offset: number;
}

/**
 * Finds the frames of an MP3 or ADTS file by their number. Owned by one demuxer. Keeps an offset for every 32 frames
 * that were passed, at most 8192 of them, and counts frames only from a kept offset on.
 */
export class FrameIndex {
  /** Offsets of the frames 0, stride, 2 · stride … */
  #marks: number[];
  #stride = firstStride;
  #window: Uint8Array = new Uint8Array();
  #windowAt = 0;
  #gaps = 0;

  /** @param first frame 0: others have the same rate and version */
  constructor(
    private readonly file: ByteSource,
    private readonly parse: ParseFrameHeader,
    readonly first: IndexedFrame,
  ) {
    this.#marks = [first.offset];
  }

  /** Whether reaching a frame means to read all that is before it. */
  isFar(frame: number): boolean {
    return frame > this.#marks.length * this.#stride + 2048;
  }

  /** Frames directly behind each other from an offset on; fewer than `count` if something else is there. */
  async framesFrom(offset: number, count: number): Promise<IndexedFrame[]> {
    const frames: IndexedFrame[] = [];
    for (let at = offset; frames.length < count;) {
      const frame = await this.#frameAt(at);
      if (!frame) break;
      frames.push(frame);
      at += frame.bytes;
    }
    return frames;
  }

  /** The frames from number `from` on: `count` of them, fewer at the end of the file. */
  async frames(from: number, count: number): Promise<IndexedFrame[]> {
    const mark = Math.min(Math.floor(from / this.#stride), this.#marks.length - 1);
    let number = mark * this.#stride;
    let at = this.#marks[mark]!;
    const frames: IndexedFrame[] = [];
    while (frames.length < count) {
      const frame = await this.#next(at);
      if (!frame) break;
      if (number === this.#marks.length * this.#stride) this.#mark(frame.offset);
      if (number >= from) frames.push(frame);
      number += 1;
      at = frame.offset + frame.bytes;
    }
    return frames;
  }

  #mark(offset: number): void {
    this.#marks.push(offset);
    if (this.#marks.length <= maxMarks) return;
    this.#marks = this.#marks.filter((_, index) => index % 2 === 0);
    this.#stride *= 2;
  }

  /** The first whole frame at or behind an offset. */
  async #next(offset: number): Promise<IndexedFrame | undefined> {
    return (await this.#frameAt(offset)) ?? this.#search(offset);
  }

  async #frameAt(offset: number): Promise<IndexedFrame | undefined> {
    await this.#load(offset, maxHeaderBytes);
    const header = this.#headerAt(offset);
    return header && offset + header.bytes <= this.file.size ? { offset, ...header } : undefined;
  }

  /** Looks behind junk for a frame that another one follows. */
  async #search(offset: number): Promise<IndexedFrame | undefined> {
    for (let at = offset; at < Math.min(this.file.size, offset + maxGapBytes); at += 1) {
      if (at + maxHeaderBytes > this.#windowAt + this.#window.length) await this.#load(at, maxHeaderBytes);
      const header = this.#headerAt(at);
      if (!header) continue;
      const end = at + header.bytes;
      if (end > this.file.size) continue;
      await this.#load(at, header.bytes + maxHeaderBytes);
      if (end < this.file.size && !this.#headerAt(end)) continue;
      this.#gaps += at - offset;
      if (this.#gaps > maxGapsBytes) {
        throw new Unplayable('too_complex');
      }
      return { offset: at, ...header };
    }
    return undefined;
  }

  #headerAt(offset: number): FrameHeader | undefined {
    const header = this.parse(this.#window, offset - this.#windowAt);
    const { first } = this;
    const fits = header?.sampleRate === first.sampleRate && header.samples === first.samples;
    return fits && header.version1 === first.version1 && header.bytes <= maxFrameBytes ? header : undefined;
  }

  /** Makes the window contain the bytes from an offset on, as far as the file has them. */
  async #load(offset: number, length: number): Promise<void> {
    const end = Math.min(offset + length, this.file.size);
    if (offset >= this.#windowAt && end <= this.#windowAt + this.#window.length) return;
    this.#window = await this.file.read(offset, windowBytes);
    this.#windowAt = offset;
  }
}

/**
 * Finds the first frame: one that two others of its kind follow, or that ends with the file.
 * @throws {Unplayable} unsupported if there is none in the first 128 KiB from `from` on
 */
export async function indexFrames(
  file: ByteSource,
  from: number,
  parse: ParseFrameHeader,
): Promise<FrameIndex> {
  const bytes = await file.read(from, maxGapBytes + 3 * maxFrameBytes);
  const toEnd = from + bytes.length === file.size;
  const follow = (at: number, frames: number): boolean => {
    if (frames === 0 || (toEnd && at === bytes.length)) return true;
    const header = parse(bytes, at);
    return header !== undefined && follow(at + header.bytes, frames - 1);
  };
  for (let at = 0; at < Math.min(bytes.length, maxGapBytes); at += 1) {
    const header = parse(bytes, at);
    if (header && follow(at + header.bytes, 2)) {
      return new FrameIndex(file, parse, { offset: from + at, ...header });
    }
  }
  throw new Unplayable('unsupported');
}
