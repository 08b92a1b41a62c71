import { asciiBytes, joinBytes } from '../../src/player/media/bytes.js';
import { OggWriter } from '../../src/player/media/ogg-pages.js';

/** MP3 frames of silence, MPEG 1, 128 kbit/s, 44,100 samples a second, padded as encoders do. */
export function longMp3(seconds: number, header: 'Info' | 'Xing' | undefined): Uint8Array {
  const frames = Math.floor((seconds * 44_100) / 1152);
  const exact = (144 * 128_000) / 44_100;
  const parts: Uint8Array[] = [];
  const frame = (padding: number) => {
    const bytes = new Uint8Array(417 + padding);
    bytes.set([0xff, 0xfb, 0x90 | (padding << 1), 0x64]);
    return bytes;
  };
  if (header) {
    const info = frame(0);
    info.set(asciiBytes(header), 36);
    parts.push(info);
  }
  let at = 0;
  for (let index = 1; index <= frames; index += 1) {
    const next = Math.floor(index * exact);
    parts.push(frame(next - at - 417));
    at = next;
  }
  return joinBytes(parts);
}

/** FLAC of silence: stereo, 16 bits, blocks of 4096 samples, each frame with some bytes that look like others. */
export function longFlac(seconds: number, rate = 44_100): Uint8Array {
  const blocks = Math.floor((seconds * rate) / 4096);
  const info = new Uint8Array(34);
  const view = new DataView(info.buffer);
  view.setUint16(0, 4096);
  view.setUint16(2, 4096);
  const samples = blocks * 4096;
  view.setUint32(10, ((rate << 12) | (1 << 9) | (15 << 4)) >>> 0);
  view.setUint32(14, samples);
  const parts = [asciiBytes('fLaC'), Uint8Array.of(0x80, 0, 0, 34), info];
  for (let block = 0; block < blocks; block += 1) {
    const number =
      block < 0x80 ? [block] : block < 0x800 ? [0xc0 | (block >> 6), 0x80 | (block & 63)] : utf8Of(block);
    const header = [0xff, 0xf8, 0xc9, 0x18, ...number];
    parts.push(
      Uint8Array.of(...header, crc8(header), 0, 0, 0, 0, 0, 0, 0xff, 0xf8, 0xc9, 0x18, block & 0x7f, 1, 0, 0),
    );
    parts.push(new Uint8Array(300));
  }
  return joinBytes(parts);
}

const utf8Of = (value: number) =>
  value < 0x10000
    ? [0xe0 | (value >> 12), 0x80 | ((value >> 6) & 63), 0x80 | (value & 63)]
    : [0xf0 | (value >> 18), 0x80 | ((value >> 12) & 63), 0x80 | ((value >> 6) & 63), 0x80 | (value & 63)];

function crc8(bytes: readonly number[]): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80 ? ((crc << 1) ^ 7) & 0xff : crc << 1;
  }
  return crc;
}

/** Opus packets of 20 ms, 50 on a page. */
export function longOpus(seconds: number): Uint8Array {
  const preSkip = 312;
  const writer = new OggWriter();
  const head = Uint8Array.of(
    ...asciiBytes('OpusHead'),
    1,
    2,
    preSkip & 255,
    preSkip >> 8,
    0x80,
    0xbb,
    0,
    0,
    0,
    0,
    0,
  );
  writer.add([head], 0, { first: true });
  writer.add([Uint8Array.of(...asciiBytes('OpusTags'), 0, 0, 0, 0, 0, 0, 0, 0)], 0);
  for (let second = 0; second < seconds; second += 1) {
    const packets = Array.from({ length: 50 }, (_, index) => {
      const packet = new Uint8Array(60 + ((second * 7 + index) % 50));
      packet[0] = 0xfc;
      return packet;
    });
    writer.add(packets, (second + 1) * 48_000, { last: second === seconds - 1 });
  }
  return writer.finish();
}
