import type { ByteSource } from './byte-source.js';
import type { StreamInfo } from './flac-stream-info.js';

/** How far before the end the last frame is searched if STREAMINFO has no maximum frame size. */
const defaultTailBytes = 512 * 1024;
/** Upper bound of that distance. The format's largest frame, 65,535 samples of 8 channels with 32 bits, has 2 MiB. */
const maxTailBytes = 4 * 1024 * 1024;
/** Sync code (2 bytes), block size and sample rate, channels and sample size, coded number, CRC-8. */
const minHeaderBytes = 6;

/**
 * Finds the frame that ends at `end`.
 *
 * The CRC-16 over a whole frame, its checksum included, is 0. So the CRC is computed backwards from the end in a single
 * pass: wherever its state is 0, a frame from there to `end` has a valid checksum.
 *
 * @returns the number of the sample after that frame; undefined if no frame ends at `end`
 */
export function lastFlacSample(
  file: ByteSource,
  start: number,
  end: number,
  info: StreamInfo,
): number | undefined {
  const tailBytes = Math.min(maxTailBytes, (info.maxFrameBytes || defaultTailBytes) + 16);
  const from = Math.max(start, end - tailBytes);
  if (from >= end) return undefined;
  const tail = file.exactly(from, end - from);
  let state = 0;
  for (let at = tail.length - 1; at >= 0; at -= 1) {
    const index = indexByLowByte[state & 0xff]!;
    state = (((index ^ tail[at]!) << 8) | ((state ^ crc16[index]!) >> 8)) & 0xffff;
    if (state !== 0 || tail.length - at < minHeaderBytes) continue;
    if (tail[at] !== 0xff || (tail[at + 1]! & 0xfe) !== 0xf8) continue;
    const lastSample = frameEnd(tail.subarray(at), info.blockSize);
    if (lastSample !== undefined) return lastSample;
  }
  return undefined;
}

/** The number of the sample after this frame (RFC 9639, section 9.1); undefined if its header is invalid. */
function frameEnd(frame: Buffer, fixedBlockSize: number): number | undefined {
  const blockCode = frame[2]! >> 4;
  const rateCode = frame[2]! & 0x0f;
  if (blockCode === 0 || rateCode === 15) return undefined;
  // The number of the frame or of its first sample, encoded like UTF-8 in up to 7 bytes.
  const first = frame[4]!;
  const extra = first < 0x80 ? 0 : Math.clz32(~(first << 24)) - 1;
  if (extra < 0 || extra > 6 || (first >= 0x80 && extra === 0)) return undefined;
  let number = extra === 0 ? first : first & (0x3f >> extra);
  for (let i = 1; i <= extra; i += 1) number = number * 64 + (frame[4 + i]! & 0x3f);
  let at = 5 + extra;
  let blockSize: number;
  if (blockCode === 1) blockSize = 192;
  else if (blockCode <= 5) blockSize = 576 << (blockCode - 2);
  else if (blockCode === 6) blockSize = frame[at++]! + 1;
  else if (blockCode === 7) {
    if (at + 2 > frame.length) return undefined;
    blockSize = frame.readUInt16BE(at) + 1;
    at += 2;
  } else blockSize = 256 << (blockCode - 8);
  at += rateCode === 12 ? 1 : rateCode === 13 || rateCode === 14 ? 2 : 0;
  if (at >= frame.length || crc8(frame.subarray(0, at)) !== frame[at]) return undefined;
  const variable = (frame[1]! & 1) === 1;
  return (variable ? number : number * fixedBlockSize) + blockSize;
}

/** The checksum of a frame header, which has at most 15 bytes. */
function crc8(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : (crc << 1) & 0xff;
  }
  return crc;
}

/** Lookup table of the CRC-16 with the polynomial 0x8005, by the byte that is shifted out. */
const crc16 = Uint16Array.from({ length: 256 }, (_, index) => {
  let crc = index << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x8005 : crc << 1;
  return crc & 0xffff;
});

/** Inverse of the table. A step's new low byte is that of the entry it used, and all entries have different low bytes. */
const indexByLowByte = new Uint8Array(256);
crc16.forEach((crc, index) => (indexByLowByte[crc & 0xff] = index));
