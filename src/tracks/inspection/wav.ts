import type { AudioStructure } from './audio-structure.js';
import { ByteSource } from './byte-source.js';
import { readId3Tags } from './id3.js';
import { Refusal, truncated } from './inspection.js';
import { type ElementCounter, type Field, FieldSelection, requireTagSize } from './limits.js';

/** Lengths written by encoders that could not seek back to the header. */
const unknownLength = new Set([0, 0xffffffff]);

const fields: Record<string, Field> = { INAM: 'title', TITL: 'title', IART: 'artist', IPRD: 'album' };

/**
 * Reads a RIFF WAVE file. The file is complete if the chunk with the samples lies within it; chunks after it may be
 * truncated.
 * @throws {Refusal} unreadable_audio, audio_too_complex
 */
export function readWav(file: ByteSource, elements: ElementCounter): AudioStructure {
  const selection = new FieldSelection();
  const tags: Buffer[] = [];
  let codePage: Buffer | undefined;
  let id3: Buffer | undefined;
  let bytesPerSecond: number | undefined;
  let dataBytes: number | undefined;
  for (let at = 12; at + 8 <= file.size;) {
    elements.add();
    const header = file.exactly(at, 8);
    const id = header.toString('latin1', 0, 4);
    let length = header.readUInt32LE(4);
    at += 8;
    if (id === 'data' && unknownLength.has(length)) length = file.size - at;
    if (at + length > file.size) {
      if (dataBytes === undefined) throw truncated();
      break;
    }
    if (id === 'data') dataBytes ??= length;
    else if (id === 'fmt ' && length >= 16) bytesPerSecond ??= byteRate(file.exactly(at, 16));
    else if (id === 'CSET' && length >= 8) codePage ??= chunk('CSET', file.copy(at, 8));
    else if (id === 'LIST') tags.push(...readInfo(file, at, at + length, selection, elements));
    else if (id === 'id3 ' || id === 'ID3 ') id3 ??= readId3Chunk(file, at, length, elements);
    at += length + (length % 2);
  }
  if (bytesPerSecond === undefined || dataBytes === undefined) {
    throw new Refusal('unreadable_audio', 'The WAV file contains no audio.');
  }
  if (id3 !== undefined && id3.length > 0) tags.push(chunk('id3 ', id3));
  if (tags.length > 0 && codePage !== undefined) tags.unshift(codePage);
  return {
    duration: dataBytes / bytesPerSecond,
    tags: tags.length > 0 ? { mimeType: 'audio/wav', bytes: riffOf(tags) } : null,
  };
}

/** Bytes per second: the value in the format chunk, or if that is 0, sample rate × block size. */
const byteRate = (format: Buffer): number =>
  format.readUInt32LE(8) || format.readUInt32LE(4) * format.readUInt16LE(12);

/** Reads a LIST chunk of the type INFO. @returns the chunk with only the texts that are used, or nothing */
function readInfo(
  file: ByteSource,
  from: number,
  to: number,
  selection: FieldSelection,
  elements: ElementCounter,
): Buffer[] {
  if (file.at(from, 4).toString('latin1') !== 'INFO') return [];
  requireTagSize(to - from);
  const texts: Buffer[] = [];
  for (let at = from + 4; at + 8 <= to;) {
    elements.add();
    const header = file.exactly(at, 8);
    const id = header.toString('latin1', 0, 4);
    const length = header.readUInt32LE(4);
    at += 8;
    if (at + length > to) break;
    const field = fields[id];
    if (field !== undefined && selection.take(field, length)) texts.push(chunk(id, file.copy(at, length)));
    at += length + (length % 2);
  }
  return texts.length > 0 ? [chunk('LIST', Buffer.concat([Buffer.from('INFO'), ...texts]))] : [];
}

function readId3Chunk(file: ByteSource, at: number, length: number, elements: ElementCounter): Buffer {
  requireTagSize(length);
  return readId3Tags(ByteSource.of(file.copy(at, length)), 0, elements).excerpt;
}

function chunk(id: string, body: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.write(id, 'latin1');
  header.writeUInt32LE(body.length, 4);
  return Buffer.concat([header, body, Buffer.alloc(body.length % 2)]);
}

const riffOf = (chunks: readonly Buffer[]): Buffer =>
  chunk('RIFF', Buffer.concat([Buffer.from('WAVE'), ...chunks]));
