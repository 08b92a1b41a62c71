import type { ByteSource } from './byte-source.js';
import { cutOff } from './inspection.js';
import {
  type ElementCounter,
  type Field,
  FieldSelection,
  maxPictureBytes,
  requireTagSize,
} from './limits.js';

const longestName = 64;
/** Base64, and what a picture block says about its picture. */
const maxPictureTextBytes = Math.ceil((maxPictureBytes * 4) / 3) + 1024;

const fields: Record<string, Field> = {
  TITLE: 'title',
  ARTIST: 'artist',
  ALBUM: 'album',
  METADATA_BLOCK_PICTURE: 'picture',
};

/**
 * The comments of a Vorbis comment header (xiph.org, "Ogg Vorbis I format specification: comment field") between two
 * offsets, cut down to those that are read and in the same form; null where there are none of them.
 * @throws {Refusal} unreadable_audio, audio_too_complex
 */
export function readVorbisComment(
  source: ByteSource,
  from: number,
  to: number,
  elements: ElementCounter,
): Buffer | null {
  requireTagSize(to - from);
  const uint32 = (at: number): number => {
    if (at + 4 > to) throw cutOff();
    return source.exactly(at, 4).readUInt32LE();
  };
  const selection = new FieldSelection();
  const comments: Buffer[] = [];
  let at = from + 4 + uint32(from);
  let count = uint32(at);
  at += 4;
  for (; count > 0; count -= 1) {
    elements.add();
    const length = uint32(at);
    if (at + 4 + length > to) throw cutOff();
    const start = source.exactly(at + 4, Math.min(length, longestName)).toString('latin1');
    const nameLength = start.indexOf('=');
    const field = nameLength === -1 ? undefined : fields[start.slice(0, nameLength).toUpperCase()];
    if (field !== undefined && selection.take(field, length - nameLength - 1, maxPictureTextBytes)) {
      comments.push(source.copy(at, 4 + length));
    }
    at += 4 + length;
  }
  if (comments.length === 0) return null;
  const header = Buffer.alloc(8);
  header.writeUInt32LE(comments.length, 4);
  return Buffer.concat([header, ...comments]);
}
