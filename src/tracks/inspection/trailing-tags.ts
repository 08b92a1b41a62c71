import type { ByteSource } from './byte-source.js';
import { type ElementCounter, type Field, FieldSelection, requireTagSize } from './limits.js';

/** The tags after the audio of MP3, AAC and FLAC files. */
export interface TrailingTags {
  /** Offset at which the tags begin and the audio ends. */
  start: number;
  /** The APEv2 tag with only the items that are used, followed by the ID3v1 tag. */
  excerpt: Buffer;
}

const id3v1Bytes = 128;
const apeFooterBytes = 32;
const maxKeyBytes = 255;
const hasHeader = 0x80000000;

const fields: Record<string, Field> = {
  title: 'title',
  artist: 'artist',
  album: 'album',
  'cover art (front)': 'picture',
};

/**
 * Reads ID3v1, Lyrics3v2 and APEv2 tags from the end of the file. An APEv2 tag with inconsistent sizes is read up to
 * the inconsistency; the audio before it is not affected.
 * @param audioStart offset before which no tag begins
 * @throws {Refusal} audio_too_complex
 */
export function readTrailingTags(
  file: ByteSource,
  audioStart: number,
  elements: ElementCounter,
): TrailingTags {
  let start = file.size;
  let id3v1: Buffer = Buffer.alloc(0);
  if (start - audioStart >= id3v1Bytes && startsWith(file.at(start - id3v1Bytes, 3), 'TAG')) {
    start -= id3v1Bytes;
    id3v1 = file.copy(start, id3v1Bytes);
    start -= lyricsBytes(file, start, audioStart);
  }
  const ape = readApe(file, start, audioStart, elements);
  return ape === undefined
    ? { start, excerpt: id3v1 }
    : { start: ape.start, excerpt: Buffer.concat([ape.excerpt, id3v1]) };
}

/** Length of a Lyrics3v2 block. It is only found before an ID3v1 tag and ends with its size in six digits and its name. */
function lyricsBytes(file: ByteSource, end: number, audioStart: number): number {
  const tail = file.at(end - 15, 15).toString('latin1');
  const size = /^(\d{6})LYRICS200$/.exec(tail)?.[1];
  const length = size === undefined ? 0 : Number(size) + 15;
  return end - length < audioStart ? 0 : length;
}

function readApe(
  file: ByteSource,
  end: number,
  audioStart: number,
  elements: ElementCounter,
): TrailingTags | undefined {
  const footerAt = end - apeFooterBytes;
  if (footerAt < audioStart) return undefined;
  const footer = file.copy(footerAt, apeFooterBytes);
  if (!startsWith(footer, 'APETAGEX')) return undefined;
  // The size of items and footer, without the header.
  const size = footer.readUInt32LE(12);
  const from = end - size;
  const start = from - ((footer.readUInt32LE(20) & hasHeader) !== 0 ? apeFooterBytes : 0);
  if (size < apeFooterBytes || start < audioStart) return undefined;
  requireTagSize(size);

  const selection = new FieldSelection();
  const items: Buffer[] = [];
  let count = footer.readUInt32LE(16);
  for (let at = from; at + 8 < footerAt && count > 0; count -= 1) {
    elements.add();
    const head = file.at(at, Math.min(8 + maxKeyBytes + 1, footerAt - at));
    const keyEnd = head.indexOf(0, 8);
    if (keyEnd === -1) break;
    const valueBytes = head.readUInt32LE(0);
    const length = keyEnd + 1 + valueBytes;
    if (at + length > footerAt) break;
    const field = fields[head.toString('latin1', 8, keyEnd).toLowerCase()];
    if (field !== undefined && selection.take(field, valueBytes)) items.push(file.copy(at, length));
    at += length;
  }
  if (items.length === 0) return { start, excerpt: Buffer.alloc(0) };
  const body = Buffer.concat(items);
  footer.writeUInt32LE(body.length + apeFooterBytes, 12);
  footer.writeUInt32LE(items.length, 16);
  footer.writeUInt32LE(0, 20);
  return { start, excerpt: Buffer.concat([body, footer]) };
}

const startsWith = (bytes: Buffer, text: string): boolean =>
  bytes.toString('latin1', 0, text.length) === text;
