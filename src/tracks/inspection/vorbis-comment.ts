import type { ByteSource } from './byte-source.js';
import { truncated } from './inspection.js';
import {
  type ElementCounter,
  type Field,
  FieldSelection,
  maxPictureBytes,
  requireTagSize,
} from './limits.js';

/** Bytes of a comment that are searched for the end of its name. */
const maxNameBytes = 64;
/** A picture in base64, with the fields that a picture block has besides the picture. */
const maxPictureTextBytes = Math.ceil((maxPictureBytes * 4) / 3) + 1024;

const fields: Record<string, Field> = {
  TITLE: 'title',
  ARTIST: 'artist',
  ALBUM: 'album',
  METADATA_BLOCK_PICTURE: 'picture',
};

/**
 * Reads the Vorbis comment (xiph.org, "Ogg Vorbis I format specification: comment field and header specification")
 * between two offsets.
 * @returns a Vorbis comment with only the comments that are used; null if there are none
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
    if (at + 4 > to) throw truncated();
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
    if (at + 4 + length > to) throw truncated();
    const start = source.exactly(at + 4, Math.min(length, maxNameBytes)).toString('latin1');
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
