import { viewOf } from './bytes.js';

/** What STREAMINFO tells. */
export interface FlacInfo {
  /** Samples per block; for files of variable block size the smallest. */
  blockSamples: number;
  sampleRate: number;
  channels: number;
  /** Samples of the file; undefined if it does not tell. */
  length: number | undefined;
}

export interface FlacFrame {
  offset: number;
  /** The file's sample at which the frame begins. */
  sample: number;
  samples: number;
  headerBytes: number;
}

export const streamInfoBytes = 34;

/** Reads the content of a STREAMINFO block; undefined if it cannot be one. */
export function readStreamInfo(bytes: Uint8Array): FlacInfo | undefined {
  if (bytes.length < streamInfoBytes) return undefined;
  const view = viewOf(bytes);
  const packed = view.getUint32(10);
  const length = (view.getUint8(13) & 15) * 2 ** 32 + view.getUint32(14);
  const info = {
    blockSamples: view.getUint16(0),
    sampleRate: packed >>> 12,
    channels: ((packed >>> 9) & 7) + 1,
    length: length > 0 ? length : undefined,
  };
  return info.blockSamples > 0 && info.sampleRate > 0 ? info : undefined;
}

/** Reads the frame header at an offset of `bytes`; undefined if there is none or its checksum is wrong. */
export function readFlacHeader(
  bytes: Uint8Array,
  at: number,
  { blockSamples }: FlacInfo,
): Omit<FlacFrame, 'offset'> | undefined {
  if (bytes[at] !== 0xff || (bytes[at + 1]! & 0xfe) !== 0xf8 || at + 16 > bytes.length) return undefined;
  const sizeCode = bytes[at + 2]! >> 4;
  const rateCode = bytes[at + 2]! & 15;
  if (sizeCode === 0 || rateCode === 15 || bytes[at + 3]! & 1 || bytes[at + 3]! >> 4 > 10) return undefined;
  const number = readNumber(bytes, at + 4);
  if (!number) return undefined;
  let next = at + 4 + number.bytes;
  let samples: number;
  if (sizeCode === 1) samples = 192;
  else if (sizeCode <= 5) samples = 576 << (sizeCode - 2);
  else if (sizeCode >= 8) samples = 256 << (sizeCode - 8);
  else {
    samples = sizeCode === 6 ? bytes[next]! + 1 : bytes[next]! * 256 + bytes[next + 1]! + 1;
    next += sizeCode - 5;
  }
  if (rateCode >= 12) next += rateCode === 12 ? 1 : 2;
  if (crc8(bytes, at, next) !== bytes[next]) return undefined;
  const variable = bytes[at + 1]! & 1;
  return {
    sample: variable ? number.value : number.value * blockSamples,
    samples,
    headerBytes: next + 1 - at,
  };
}

/** A number in the encoding of UTF-8, extended to 36 bits. */
function readNumber(bytes: Uint8Array, at: number): { value: number; bytes: number } | undefined {
  const first = bytes[at]!;
  if (first < 0x80) return { value: first, bytes: 1 };
  let length = 0;
  while (length < 8 && first & (0x80 >> length)) length += 1;
  if (length < 2 || length > 7) return undefined;
  let value = length === 7 ? 0 : first & (0x7f >> length);
  for (let index = 1; index < length; index += 1) {
    const byte = bytes[at + index]!;
    if ((byte & 0xc0) !== 0x80) return undefined;
    value = value * 64 + (byte & 0x3f);
  }
  return { value, bytes: length };
}

/** The checksum of frame headers: polynomial x⁸ + x² + x + 1. */
function crc8(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0;
  for (let at = from; at < to; at += 1) {
    crc ^= bytes[at]!;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80 ? ((crc << 1) ^ 7) & 0xff : crc << 1;
  }
  return crc;
}
