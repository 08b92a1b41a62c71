import { ByteSource } from './byte-source.js';
import { truncated } from './inspection.js';
import { type ElementCounter, type Field, FieldSelection, requireTagSize } from './limits.js';

/** Consecutive ID3v2 tags. */
export interface Id3Tags {
  /** Offset at which the last tag ends. */
  end: number;
  /** The tags with only the frames that are used. */
  excerpt: Buffer;
}

const headerBytes = 10;
const unsynchronised = 0x80;
/** In version 2.2 this flag means that the tag is compressed, by a method that was never specified. */
const extendedHeader = 0x40;
const footer = 0x10;

const fields: Record<string, Field> = {
  TT2: 'title',
  TP1: 'artist',
  TAL: 'album',
  PIC: 'picture',
  TIT2: 'title',
  TPE1: 'artist',
  TALB: 'album',
  APIC: 'picture',
};

/**
 * Reads the ID3v2.2, 2.3 and 2.4 tags (id3.org) at `start`. Without a tag, `end` is `start` and the excerpt is empty.
 * @throws {Refusal} unreadable_audio, audio_too_complex
 */
export function readId3Tags(file: ByteSource, start: number, elements: ElementCounter): Id3Tags {
  const selection = new FieldSelection();
  const excerpts: Buffer[] = [];
  let end = start;
  for (;;) {
    const header = file.at(end, headerBytes);
    if (header.length < headerBytes || header.toString('latin1', 0, 3) !== 'ID3') break;
    elements.add();
    const [version, flags, size] = [header[3]!, header[5]!, syncSafe(header, 6)];
    const body = end + headerBytes;
    end = body + size + (flags & footer ? headerBytes : 0);
    if (end > file.size) throw truncated();
    requireTagSize(size);
    if (version < 2 || version > 4) continue;
    const frames = readTag(file, body, body + size, version, flags, selection, elements);
    if (frames.length > 0) excerpts.push(tagOf(version, frames));
  }
  return { end, excerpt: Buffer.concat(excerpts) };
}

function readTag(
  file: ByteSource,
  from: number,
  to: number,
  version: number,
  flags: number,
  selection: FieldSelection,
  elements: ElementCounter,
): Buffer[] {
  // In 2.4 unsynchronisation is a flag of each frame, and the tag parser reverses it.
  if (flags & unsynchronised && version < 4) {
    const body = ByteSource.of(withoutUnsynchronisation(file.copy(from, to - from)));
    return readFrames(
      body,
      afterExtendedHeader(body, 0, version, flags),
      body.size,
      version,
      selection,
      elements,
    );
  }
  return readFrames(file, afterExtendedHeader(file, from, version, flags), to, version, selection, elements);
}

function afterExtendedHeader(body: ByteSource, from: number, version: number, flags: number): number {
  if ((flags & extendedHeader) === 0) return from;
  if (version === 2) return Infinity;
  const size = body.exactly(from, 4);
  // In 2.4 the size includes itself, in 2.3 it does not.
  return from + (version === 3 ? 4 + size.readUInt32BE() : Math.max(4, syncSafe(size, 0)));
}

/** The frames that are used, unchanged. Whatever follows the last valid frame is padding, or corrupt and ignored. */
function readFrames(
  body: ByteSource,
  from: number,
  to: number,
  version: number,
  selection: FieldSelection,
  elements: ElementCounter,
): Buffer[] {
  const frames: Buffer[] = [];
  const idBytes = version === 2 ? 3 : 4;
  const frameHeaderBytes = version === 2 ? 6 : 10;
  for (let at = from; at + frameHeaderBytes <= to;) {
    const header = body.exactly(at, frameHeaderBytes);
    const id = header.toString('latin1', 0, idBytes);
    if (!/^[A-Z0-9]+$/.test(id)) break;
    elements.add();
    const size =
      version === 2 ? header.readUIntBE(3, 3) : version === 3 ? header.readUInt32BE(4) : syncSafe(header, 4);
    const length = frameHeaderBytes + size;
    if (at + length > to) break;
    const field = fields[id];
    // The first byte of a text is its encoding, so a frame of one byte is empty.
    if (field !== undefined && size > 1 && !isOpaque(header, version) && selection.take(field, size)) {
      frames.push(body.copy(at, length));
    }
    at += length;
  }
  return frames;
}

/** Whether a frame is compressed or encrypted: the tag parser would read it as text. */
const isOpaque = (header: Buffer, version: number): boolean =>
  version === 3 ? (header[9]! & 0xc0) !== 0 : version === 4 ? (header[9]! & 0x0c) !== 0 : false;

function tagOf(version: number, frames: readonly Buffer[]): Buffer {
  const body = Buffer.concat(frames);
  const header = Buffer.from([0x49, 0x44, 0x33, version, 0, 0, 0, 0, 0, 0]);
  for (let i = 0; i < 4; i += 1) header[9 - i] = (body.length >> (7 * i)) & 0x7f;
  return Buffer.concat([header, body]);
}

/** Decodes a sync-safe integer: seven bits in each of four bytes. */
const syncSafe = (bytes: Buffer, at: number): number =>
  ((bytes[at]! & 0x7f) << 21) |
  ((bytes[at + 1]! & 0x7f) << 14) |
  ((bytes[at + 2]! & 0x7f) << 7) |
  (bytes[at + 3]! & 0x7f);

/** Reverses unsynchronisation: removes the zero byte after each 0xff, in place. */
function withoutUnsynchronisation(bytes: Buffer): Buffer {
  let length = 0;
  for (let i = 0; i < bytes.length; i += 1) {
    bytes[length++] = bytes[i]!;
    if (bytes[i] === 0xff && bytes[i + 1] === 0) i += 1;
  }
  return bytes.subarray(0, length);
}
