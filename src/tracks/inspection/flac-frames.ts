import type { ByteSource } from './byte-source.js';
import type { StreamInfo } from './flac-stream-info.js';

/** Searched before the end for the last frame, where STREAMINFO does not say how large a frame can be. */
const defaultTailBytes = 512 * 1024;
/** Of 65,535 samples in eight channels of 32 bits, which is the most that the format can hold. */
const maxTailBytes = 4 * 1024 * 1024;
/** Sync code, flags, a coded number of up to 7 bytes, block size, sample rate and their checksum; then a CRC-16. */
const shortestFrame = 6;

/**
 * The number of the sample after the frame that ends at `end`; undefined where no frame ends there.
 *
 * The CRC-16 of a frame and the two bytes of it that follow is 0. It is therefore computed backwards from the end,
 * once: wherever the state is 0 again, the checksum of a frame from there to the end would hold.
 */
export function lastFlacSample(
  file: ByteSource,
  start: number,
  end: number,
  info: StreamInfo,
): number | undefined {
  const tailBytes = Math.min(maxTailBytes, (info.largestFrame || defaultTailBytes) + 16);
  const from = Math.max(start, end - tailBytes);
  if (from >= end) return undefined;
  const tail = file.exactly(from, end - from);
  let state = 0;
  for (let at = tail.length - 1; at >= 0; at -= 1) {
    const index = indexByLowByte[state & 0xff]!;
    state = (((index ^ tail[at]!) << 8) | ((state ^ crc16[index]!) >> 8)) & 0xffff;
    if (state !== 0 || tail.length - at < shortestFrame) continue;
    if (tail[at] !== 0xff || (tail[at + 1]! & 0xfe) !== 0xf8) continue;
    const lastSample = frameEnd(tail.subarray(at), info.blockSize);
    if (lastSample !== undefined) return lastSample;
  }
  return undefined;
}

/** Up to which sample the frame that begins here goes (RFC 9639, section 9.1); undefined where none does. */
function frameEnd(frame: Buffer, fixedBlockSize: number): number | undefined {
  const blockCode = frame[2]! >> 4;
  const rateCode = frame[2]! & 0x0f;
  if (blockCode === 0 || rateCode === 15) return undefined;
  // The frame's or first sample's number, coded like UTF-8 in up to 7 bytes.
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

/** Of a frame header: at most 15 bytes. */
function crc8(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : (crc << 1) & 0xff;
  }
  return crc;
}

/** CRC-16 with the polynomial 0x8005, by the byte that is shifted out. */
const crc16 = Uint16Array.from({ length: 256 }, (_, index) => {
  let crc = index << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x8005 : crc << 1;
  return crc & 0xffff;
});

/** The low byte of an entry is what the low byte of the next state is, and no two entries share theirs. */
const indexByLowByte = new Uint8Array(256);
crc16.forEach((crc, index) => (indexByLowByte[crc & 0xff] = index));
