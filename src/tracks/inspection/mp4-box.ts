import type { ByteSource } from './byte-source.js';
import { cutOff } from './inspection.js';
import type { ElementCounter } from './limits.js';

const headerBytes = 8;
const longHeaderBytes = 16;

export interface Box {
  type: string;
  /** Of what is in it. */
  from: number;
  to: number;
}

/**
 * The boxes between two offsets, one after the other. A few bytes that are too few for a box may follow them, except
 * at the end of the file.
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
      if (header.length < longHeaderBytes) throw cutOff();
      start = at + longHeaderBytes;
      length = Number(header.readBigUInt64BE(8));
    }
    if (at + length < start || at + length > to) throw cutOff();
    yield { type: header.toString('latin1', 4, 8), from: start, to: at + length };
    at += length;
  }
  if (at < to && to === file.size) throw cutOff();
}

/** The first bytes of what is in a box. @throws {Refusal} unreadable_audio where it has fewer */
export function boxStart(file: ByteSource, { from, to }: Box, length: number): Buffer {
  if (to - from < length) throw cutOff();
  return file.exactly(from, length);
}

export function makeBox(type: string, ...parts: Buffer[]): Buffer {
  const header = Buffer.alloc(headerBytes);
  const body = Buffer.concat(parts);
  header.writeUInt32BE(headerBytes + body.length);
  header.write(type, 4, 'latin1');
  return Buffer.concat([header, body]);
}
