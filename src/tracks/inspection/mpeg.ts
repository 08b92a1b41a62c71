import type { AudioStructure } from './audio-structure.js';
import { type ByteSource, windowBytes } from './byte-source.js';
import type { Id3Tags } from './id3.js';
import { cutOff, Refusal } from './inspection.js';
import type { ElementCounter } from './limits.js';
import { frameHeaderBytes, longestFrame, type ParseFrameHeader } from './mpeg-frames.js';
import { readTrailingTags } from './trailing-tags.js';

/** Bytes between two frames that are none are passed over; after more of them the audio has ended. */
const maxGapBytes = 128 * 1024;
/** Of all gaps of a file. */
const maxGapBytesTotal = 1024 * 1024;
const searchBytes = 4096;

/**
 * MP3 and ADTS files: frame after frame, each within the file, tags before and behind. The duration is that of the
 * frames, so nothing that the file claims about it is believed.
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
  if (info !== undefined && info.end > file.size) throw cutOff();
  let duration = audio.secondsFrom(start);
  // Decoders do not play the frame that describes the others.
  if (info !== undefined && duration > info.seconds) duration -= info.seconds;
  const tags = Buffer.concat([id3.excerpt, trailing.excerpt]);
  return { duration, tags: tags.length > 0 ? { mimeType: 'audio/mpeg', bytes: tags } : null };
}

class FrameReader {
  #gapBytes = 0;

  /** @param end where the audio ends */
  constructor(
    private readonly file: ByteSource,
    private readonly end: number,
    private readonly parse: ParseFrameHeader,
  ) {}

  /** @throws {Refusal} unreadable_audio where the last frame is cut off */
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
      if (at > this.end) throw cutOff();
      // A header may lie across the end of the window.
      if (offset < window.length && (offset === 0 || window.length - offset >= frameHeaderBytes)) {
        at = this.#afterGap(at, window.subarray(offset));
      }
    }
    return seconds;
  }

  /** The next frame that another frame or the end follows, within the longest gap. */
  find(from: number): number | undefined {
    const limit = Math.min(from + maxGapBytes, from + maxGapBytesTotal - this.#gapBytes, this.end);
    for (let at = from; at < limit; at += searchBytes) {
      const window = this.file.at(at, Math.min(searchBytes + longestFrame + frameHeaderBytes, this.end - at));
      const found = this.#findIn(window, at);
      if (found !== undefined) {
        this.#gapBytes += found - from;
        return found;
      }
    }
    return undefined;
  }

  /** @param window what is searched, and as much behind it as the frames need that are found there */
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

  /** @param rest what follows the last frame */
  #afterGap(at: number, rest: Buffer): number | undefined {
    if (rest.length < frameHeaderBytes) {
      // Too few bytes for a header, but the beginning of one.
      if (rest[0] === 0xff) throw cutOff();
      return undefined;
    }
    return this.find(at);
  }
}

/** What an MP3's first frame ("Xing" or "Info") says: encoders write it last, so it tells where the audio ends. */
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
