import type { ByteSource } from './byte-source.js';
import { truncated } from './inspection.js';
import type { ElementCounter } from './limits.js';

const headerBytes = 8;
const longHeaderBytes = 16;

/** A box of an MP4 file; `from` and `to` are the offsets of its content. */
export interface Box {
  type: string;
  from: number;
  to: number;
}

/**
 * Yields the boxes between two offsets. After the last one there may be bytes that are too few for a box, except at the
 * end of the file.
 * @throws {Refusal} unreadable_audio, audio_too_complex
 */
export function* readBoxes(
  file: ByteSource,
  from: number,
  to: number,
  elements: ElementCounter,
): Generator<Box> {
  let at = from;
  while (at + headerBytes <= to) {
    elements.add();
    const header = file.at(at, longHeaderBytes);
    let length = header.readUInt32BE(0);
    let start = at + headerBytes;
    if (length === 0) length = to - at;
    if (length === 1) {
      if (header.length < longHeaderBytes) throw truncated();
      start = at + longHeaderBytes;
      length = Number(header.readBigUInt64BE(8));
    }
    if (at + length < start || at + length > to) throw truncated();
    yield { type: header.toString('latin1', 4, 8), from: start, to: at + length };
    at += length;
  }
  if (at < to && to === file.size) throw truncated();
}

/** The first bytes of a box's content. @throws {Refusal} unreadable_audio if it has fewer */
export function boxStart(file: ByteSource, { from, to }: Box, length: number): Buffer {
  if (to - from < length) throw truncated();
  return file.exactly(from, length);
}

export function makeBox(type: string, ...parts: Buffer[]): Buffer {
  const header = Buffer.alloc(headerBytes);
  const body = Buffer.concat(parts);
  header.writeUInt32BE(headerBytes + body.length);
  header.write(type, 4, 'latin1');
  return Buffer.concat([header, body]);
}
