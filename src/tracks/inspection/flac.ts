import type { AudioStructure, TagExcerpt } from './audio-structure.js';
import type { ByteSource } from './byte-source.js';
import { lastFlacSample } from './flac-frames.js';
import { parseStreamInfo, type StreamInfo, streamInfoBytes } from './flac-stream-info.js';
import type { Id3Tags } from './id3.js';
import { Refusal, truncated } from './inspection.js';
import { type ElementCounter, FieldSelection } from './limits.js';
import { readTrailingTags } from './trailing-tags.js';
import { readVorbisComment } from './vorbis-comment.js';

const blocks = { streamInfo: 0, vorbisComment: 4, picture: 6 };
const lastBlock = 0x80;

/**
 * Reads a FLAC file (RFC 9639): metadata blocks, then frames. The file is complete if it ends with a frame with a valid
 * checksum, and that frame ends at the total number of samples that STREAMINFO announces.
 * @throws {Refusal} unreadable_audio, audio_too_complex
 */
export function readFlac(file: ByteSource, id3: Id3Tags, elements: ElementCounter): AudioStructure {
  const selection = new FieldSelection();
  let info: StreamInfo | undefined;
  let comment: Buffer | null = null;
  let picture: Buffer | null = null;
  let at = id3.end + 4;
  for (let last = false; !last;) {
    elements.add();
    const header = file.exactly(at, 4);
    last = (header[0]! & lastBlock) !== 0;
    const type = header[0]! & 0x7f;
    const length = header.readUIntBE(1, 3);
    at += 4;
    if (type === blocks.streamInfo && info === undefined) {
      info = parseStreamInfo(file.exactly(at, streamInfoBytes));
    } else if (type === blocks.vorbisComment && comment === null) {
      comment = readVorbisComment(file, at, at + length, elements);
    } else if (type === blocks.picture && selection.take('picture', length)) {
      picture = file.copy(at, length);
    }
    at += length;
  }
  if (info === undefined) throw new Refusal('unreadable_audio', 'The FLAC file has no STREAMINFO block.');
  const trailing = readTrailingTags(file, at, elements);
  const lastSample = lastFlacSample(file, at, trailing.start, info);
  if (lastSample === undefined || (info.totalSamples !== 0 && lastSample !== info.totalSamples)) {
    throw truncated();
  }
  const tags = id3.excerpt.length > 0 || trailing.excerpt.length > 0 || comment !== null || picture !== null;
  return {
    duration: lastSample / info.sampleRate,
    tags: tags ? flacExcerpt(info, comment, picture, id3.excerpt, trailing.excerpt) : null,
  };
}

/** A FLAC file with tags and without audio, for the tag parser. */
export function flacExcerpt(
  info: StreamInfo,
  comment: Buffer | null,
  picture: Buffer | null = null,
  before: Buffer = Buffer.alloc(0),
  after: Buffer = Buffer.alloc(0),
): TagExcerpt {
  const parts: [number, Buffer][] = [[blocks.streamInfo, info.bytes]];
  if (comment !== null) parts.push([blocks.vorbisComment, comment]);
  if (picture !== null) parts.push([blocks.picture, picture]);
  const encoded = parts.flatMap(([type, body], i) => {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(body.length);
    header[0] = type | (i === parts.length - 1 ? lastBlock : 0);
    return [header, body];
  });
  return {
    mimeType: 'audio/flac',
    bytes: Buffer.concat([before, Buffer.from('fLaC'), ...encoded, after]),
  };
}
