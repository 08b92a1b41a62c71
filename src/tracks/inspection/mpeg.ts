import type { AudioStructure } from './audio-structure.js';
import type { ByteSource } from './byte-source.js';
import type { Id3Tags } from './id3.js';
import { cutOff, Refusal } from './inspection.js';
import type { ElementCounter } from './limits.js';
import {
  type FrameHeader,
  frameHeaderBytes,
  type ParseFrameHeader,
  shortestFrameHeader,
} from './mpeg-frames.js';
import { readTrailingTags } from './trailing-tags.js';

/** Bytes between two frames that are none are passed over; after more of them the audio has ended. */
const maxGapBytes = 128 * 1024;

/**
 * MP3 and ADTS files: frame after frame, each within the file, tags before and behind. The duration is that of the
 * frames, so nothing that the file claims about it is believed.
 * @throws {Refusal} unreadable_audio, audio_too_complex
 */
export function readFrames(
  file: ByteSource,
  id3: Id3Tags,
  elements: ElementCounter,
  parse: ParseFrameHeader,
): AudioStructure {
  const trailing = readTrailingTags(file, id3.end, elements);
  const end = trailing.start;
  let at = findFrame(file, id3.end, end, parse);
  if (at === undefined) throw new Refusal('unreadable_audio', 'The file has tags, but no audio after them.');
  const info = readInfoFrame(file, at, parse);
  if (info !== undefined && info.end > file.size) throw cutOff();
  let duration = 0;
  while (at !== undefined && at < end) {
    const header = file.at(at, Math.min(frameHeaderBytes, end - at));
    const frame: FrameHeader | undefined = header.length < shortestFrameHeader ? undefined : parse(header);
    if (frame !== undefined) {
      if (at + frame.bytes > end) throw cutOff();
      duration += frame.seconds;
      at += frame.bytes;
    } else if (header.length < frameHeaderBytes) {
      // Too few bytes for a header, but the beginning of one.
      if (header[0] === 0xff) throw cutOff();
      break;
    } else {
      elements.add();
      at = findFrame(file, at, end, parse);
    }
  }
  // Decoders do not play the frame that describes the others.
  if (info !== undefined && duration > info.seconds) duration -= info.seconds;
  const tags = Buffer.concat([id3.excerpt, trailing.excerpt]);
  return { duration, tags: tags.length > 0 ? { mimeType: 'audio/mpeg', bytes: tags } : null };
}

/** The next frame that another frame or the end follows, within the longest gap. */
function findFrame(file: ByteSource, from: number, end: number, parse: ParseFrameHeader): number | undefined {
  const limit = Math.min(from + maxGapBytes, end - shortestFrameHeader);
  for (let at = from; at <= limit;) {
    const bytes = file.at(at, Math.min(4096, end - at));
    const sync = bytes.indexOf(0xff);
    if (sync === -1) {
      at += bytes.length;
      continue;
    }
    at += sync;
    const next = at + (parse(file.at(at, Math.min(frameHeaderBytes, end - at)))?.bytes ?? Infinity);
    if (next === end) return at;
    if (next + shortestFrameHeader <= end && parse(file.at(next, Math.min(frameHeaderBytes, end - next))))
      {return at;}
    at += 1;
  }
  return undefined;
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
  return { end: start + bytes, seconds: parse(frame)?.seconds ?? 0 };
}
