import { type FileHandle, open } from 'node:fs/promises';
import type { AudioKind } from './audio-kinds.js';

/**
 * Tells a whole audio file from one that was cut off, by what each container says of its own extent. Decoding
 * nothing, it finds what a broken-off copy lacks: the rest of a chunk, box, page or frame.
 * @param size bytes
 */
export async function isComplete(path: string, kind: AudioKind, size: number): Promise<boolean> {
  const handle = await open(path);
  try {
    return await checks[kind](new Bytes(handle, size));
  } finally {
    await handle.close();
  }
}

/** Reads a file here and there, a large piece at a time. */
class Bytes {
  #from = 0;
  #piece = Buffer.alloc(0);

  constructor(
    private readonly handle: FileHandle,
    readonly size: number,
  ) {}

  /** `length` bytes at `at`; fewer at the file's end. */
  async at(at: number, length: number): Promise<Buffer> {
    if (at < this.#from || at + length > this.#from + this.#piece.length) {
      const piece = Buffer.alloc(Math.max(0, Math.min(Math.max(length, 256 * 1024), this.size - at)));
      const { bytesRead } = await this.handle.read(piece, 0, piece.length, at);
      this.#piece = piece.subarray(0, bytesRead);
      this.#from = at;
    }
    return this.#piece.subarray(at - this.#from, at - this.#from + length);
  }
}

const checks: Record<AudioKind, (file: Bytes) => Promise<boolean>> = {
  wav: wavIsComplete,
  flac: flacIsComplete,
  mp4: mp4IsComplete,
  ogg: oggIsComplete,
  mp3: (file) => framesAreComplete(file, mp3Frame),
  aac: (file) => framesAreComplete(file, adtsFrame),
};

/** RIFF: the data chunk lies within the file. A writer that could not seek leaves its size 0 or 0xffffffff. */
async function wavIsComplete(file: Bytes): Promise<boolean> {
  for (let at = 12; at + 8 <= file.size;) {
    const header = await file.at(at, 8);
    const length = header.readUInt32LE(4);
    if (header.toString('latin1', 0, 4) === 'data') {
      return length === 0 || length === 0xffffffff || at + 8 + length <= file.size;
    }
    at += 8 + length + (length % 2);
  }
  return false;
}

/** ISO base media file format: every top-level box lies within the file; index and samples are there. */
async function mp4IsComplete(file: Bytes): Promise<boolean> {
  const seen = new Set<string>();
  let at = 0;
  while (at + 8 <= file.size) {
    const header = await file.at(at, 16);
    let length = header.readUInt32BE(0);
    if (length === 1 && header.length === 16) length = Number(header.readBigUInt64BE(8));
    if (length === 0) length = file.size - at;
    if (length < 8 || at + length > file.size) return false;
    seen.add(header.toString('latin1', 4, 8));
    at += length;
  }
  return at === file.size && seen.has('moov') && (seen.has('mdat') || seen.has('moof'));
}

/** Ogg (RFC 3533): the last page is marked as the stream's last, and ends where the file ends. */
async function oggIsComplete(file: Bytes): Promise<boolean> {
  const largestPage = 27 + 255 + 255 * 255;
  const endOfStream = 4;
  const from = Math.max(0, file.size - largestPage);
  const tail = await file.at(from, file.size - from);
  const at = tail.lastIndexOf('OggS', undefined, 'latin1');
  if (at === -1 || at + 27 > tail.length || (tail[at + 5]! & endOfStream) === 0) return false;
  const segments = tail.subarray(at + 27, at + 27 + tail[at + 26]!);
  if (segments.length < tail[at + 26]!) return false;
  const body = segments.reduce((sum, length) => sum + length, 0);
  return at + 27 + segments.length + body === tail.length;
}

/**
 * FLAC (RFC 9639): the bytes before the end are a frame whose checksum holds, and it is the last one that
 * STREAMINFO counts.
 */
async function flacIsComplete(file: Bytes): Promise<boolean> {
  const start = await id3v2Length(file);
  const info = await file.at(start + 8, 34);
  if (info.length < 34) return false;
  const fixedBlockSize = info.readUInt16BE(0);
  const largestFrame = info.readUIntBE(7, 3);
  const totalSamples = (info[13]! & 0x0f) * 2 ** 32 + info.readUInt32BE(14);
  const end = file.size - (await id3v1Length(file));
  const from = Math.max(start, end - (largestFrame || 512 * 1024) - 16);
  const tail = await file.at(from, end - from);
  for (let at = tail.length - 6; at >= 0; at -= 1) {
    if (tail[at] !== 0xff || (tail[at + 1]! & 0xfe) !== 0xf8) continue;
    const last = flacFrameEnd(tail.subarray(at), fixedBlockSize);
    if (last !== undefined && crc16(tail.subarray(at)) === 0) {
      return totalSamples === 0 || last === totalSamples;
    }
  }
  return false;
}

/** Up to which sample the frame that begins here goes; undefined where none does. */
function flacFrameEnd(frame: Buffer, fixedBlockSize: number): number | undefined {
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

const crc8 = (bytes: Uint8Array): number => {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : (crc << 1) & 0xff;
  }
  return crc;
};

const crc16 = (bytes: Uint8Array): number => {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x8005) & 0xffff : (crc << 1) & 0xffff;
    }
  }
  return crc;
};

/** Length of the frame that begins with these bytes; undefined where none does; how many more the stream declares. */
type FrameOf = (header: Buffer) => number | undefined;

/** Frame after frame, each within the file. What follows the frames (tags) is nobody's loss. */
async function framesAreComplete(file: Bytes, frameOf: FrameOf): Promise<boolean> {
  let at = await id3v2Length(file);
  const end = file.size - (await id3v1Length(file));
  const declared = await declaredEnd(file, at);
  if (declared !== undefined && declared > file.size) return false;
  while (at < end) {
    const header = await file.at(at, Math.min(7, end - at));
    const length = header.length < 4 ? undefined : frameOf(header);
    // Too few bytes for a header, but the beginning of one.
    if (length === undefined) return header.length === 7 || header[0] !== 0xff;
    if (at + length > end) return false;
    at += length;
  }
  return true;
}

/** Where the audio ends by an MP3's first frame ("Xing" or "Info"), which encoders write last. */
async function declaredEnd(file: Bytes, start: number): Promise<number | undefined> {
  const frame = await file.at(start, 200);
  const at = Math.max(frame.indexOf('Xing', 0, 'latin1'), frame.indexOf('Info', 0, 'latin1'));
  if (at === -1 || at + 16 > frame.length) return undefined;
  const flags = frame.readUInt32BE(at + 4);
  if ((flags & 2) === 0) return undefined;
  return start + frame.readUInt32BE(at + 8 + (flags & 1 ? 4 : 0));
}

// Layer III bit rates in kbit/s by index (ISO 11172-3 table for MPEG 1, ISO 13818-3 for MPEG 2 and 2.5).
const bitRates1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const bitRates2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const sampleRates = [44_100, 48_000, 32_000];

function mp3Frame(header: Buffer): number | undefined {
  if (header[0] !== 0xff || (header[1]! & 0xe0) !== 0xe0) return undefined;
  const version = (header[1]! >> 3) & 3;
  const layer = (header[1]! >> 1) & 3;
  const rate = sampleRates[(header[2]! >> 2) & 3];
  const bits = (version === 3 ? bitRates1 : bitRates2)[header[2]! >> 4];
  if (version === 1 || layer !== 1 || rate === undefined || !bits) return undefined;
  const padding = (header[2]! >> 1) & 1;
  const divisor = version === 3 ? 1 : version === 2 ? 2 : 4;
  const samplesOver8 = version === 3 ? 144 : 72;
  return Math.floor((samplesOver8 * bits * 1000) / (rate / divisor)) + padding;
}

function adtsFrame(header: Buffer): number | undefined {
  if (header[0] !== 0xff || (header[1]! & 0xf6) !== 0xf0 || header.length < 7) return undefined;
  const length = ((header[3]! & 3) << 11) | (header[4]! << 3) | (header[5]! >> 5);
  return length < 7 ? undefined : length;
}

/** Length of the ID3v2 tags at the file's start. */
async function id3v2Length(file: Bytes): Promise<number> {
  let at = 0;
  for (;;) {
    const tag = await file.at(at, 10);
    if (tag.length < 10 || tag.toString('latin1', 0, 3) !== 'ID3') return at;
    const size = (tag[6]! << 21) | (tag[7]! << 14) | (tag[8]! << 7) | tag[9]!;
    at += 10 + size + (tag[5]! & 0x10 ? 10 : 0);
  }
}

/** Length of the ID3v1 tag at the file's end. */
async function id3v1Length(file: Bytes): Promise<number> {
  if (file.size < 128) return 0;
  const tag = await file.at(file.size - 128, 3);
  return tag.toString('latin1') === 'TAG' ? 128 : 0;
}
