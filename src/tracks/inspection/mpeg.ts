import type { AudioStructure } from './audio-structure.js';
import { type ByteSource, windowBytes } from './byte-source.js';
import type { Id3Tags } from './id3.js';
import { Refusal, truncated } from './inspection.js';
import type { ElementCounter } from './limits.js';
import { frameHeaderBytes, maxFrameBytes, type ParseFrameHeader } from './mpeg-frames.js';
import { readTrailingTags } from './trailing-tags.js';

/** Up to so many bytes between two frames are skipped; after more of them the audio is considered ended. */
const maxGapBytes = 128 * 1024;
/** Bytes of all gaps of a file in total. */
const maxGapBytesTotal = 1024 * 1024;
/** Bytes that are searched for a frame at a time. */
const searchBytes = 4096;

/**
 * Reads an MP3 or ADTS file: tags, frames, tags. The file is complete if every frame lies within it. The duration is
 * the sum of the frames; headers that announce a duration are not used.
 * @throws {Refusal} unreadable_audio, audio_too_complex
 */
export function readMpeg(
  file: ByteSource,
  id3: Id3Tags,
  elements: ElementCounter,
  parse: ParseFrameHeader,
): AudioStructure {
  const trailing = readTrailingTags(file, id3.end, elements);
  const audio = new FrameReader(file, trailing.start, parse);
  const start = audio.find(id3.end);
  if (start === undefined) throw new Refusal('unreadable_audio', 'No audio was found in the file.');
  const info = readInfoFrame(file, start, parse);
  if (info !== undefined && info.end > file.size) throw truncated();
  let duration = audio.secondsFrom(start);
  // Decoders do not play the info frame.
  if (info !== undefined && duration > info.seconds) duration -= info.seconds;
  const tags = Buffer.concat([id3.excerpt, trailing.excerpt]);
  return { duration, tags: tags.length > 0 ? { mimeType: 'audio/mpeg', bytes: tags } : null };
}

/** Reads the frames of one file. */
class FrameReader {
  #gapBytes = 0;

  /** @param end offset at which the audio ends */
  constructor(
    private readonly file: ByteSource,
    private readonly end: number,
    private readonly parse: ParseFrameHeader,
  ) {}

  /** Duration of the frames from `start` on. @throws {Refusal} unreadable_audio if the last frame is truncated */
  secondsFrom(start: number): number {
    let seconds = 0;
    let at: number | undefined = start;
    while (at !== undefined && at < this.end) {
      const window = this.file.at(at, Math.min(windowBytes, this.end - at));
      let offset = 0;
      while (offset < window.length) {
        const frame = this.parse(window, offset);
        if (frame === undefined) break;
        seconds += frame.seconds;
        offset += frame.bytes;
      }
      at += offset;
      if (at > this.end) throw truncated();
      // A header may cross the end of the window; the next window starts with it.
      if (offset < window.length && (offset === 0 || window.length - offset >= frameHeaderBytes)) {
        at = this.#afterGap(at, window.subarray(offset));
      }
    }
    return seconds;
  }

  /** Offset of the next frame that is followed by another frame or the end, within `maxGapBytes`. */
  find(from: number): number | undefined {
    const limit = Math.min(from + maxGapBytes, from + maxGapBytesTotal - this.#gapBytes, this.end);
    for (let at = from; at < limit; at += searchBytes) {
      const window = this.file.at(
        at,
        Math.min(searchBytes + maxFrameBytes + frameHeaderBytes, this.end - at),
      );
      const found = this.#findIn(window, at);
      if (found !== undefined) {
        this.#gapBytes += found - from;
        return found;
      }
    }
    return undefined;
  }

  /** @param window `searchBytes` to search, and after them as much as a frame found there needs to be checked */
  #findIn(window: Buffer, start: number): number | undefined {
    for (let offset = 0; offset < Math.min(searchBytes, window.length); offset += 1) {
      offset = window.indexOf(0xff, offset);
      if (offset === -1) return undefined;
      const frame = this.parse(window, offset);
      if (frame === undefined) continue;
      const next = offset + frame.bytes;
      if (start + next === this.end || this.parse(window, next) !== undefined) return start + offset;
    }
    return undefined;
  }

  /** Offset of the next frame, if any. @param rest the bytes after the last frame */
  #afterGap(at: number, rest: Buffer): number | undefined {
    if (rest.length < frameHeaderBytes) {
      // Too few bytes for a header, but they begin like one.
      if (rest[0] === 0xff) throw truncated();
      return undefined;
    }
    return this.find(at);
  }
}

/**
 * Reads the info frame ("Xing" or "Info"), the first frame of many MP3 files. It has the total length of the frames.
 */
function readInfoFrame(
  file: ByteSource,
  start: number,
  parse: ParseFrameHeader,
): { end: number; seconds: number } | undefined {
  const frame = file.at(start, 200);
  const at = Math.max(frame.indexOf('Xing', 0, 'latin1'), frame.indexOf('Info', 0, 'latin1'));
  if (at === -1 || at + 16 > frame.length) return undefined;
  const flags = frame.readUInt32BE(at + 4);
  const bytes = (flags & 2) === 0 ? 0 : frame.readUInt32BE(at + 8 + (flags & 1 ? 4 : 0));
  return { end: start + bytes, seconds: parse(frame, 0)?.seconds ?? 0 };
}
