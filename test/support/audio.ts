import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Cover } from '../../src/tracks/analysis/cover-sizes.js';
import { ProcessPool } from '../../src/processes/process-pool.js';

// Looking up a global is slow in Jest, and these are used for each sample.
const { sin, round, PI } = Math;

/** A WAV file with a sine tone: 8 kHz, mono, 8 bits. Different frequencies make different files. */
export function wav(seconds: number, frequency = 440): Buffer {
  const rate = 8000;
  const samples = Math.round(seconds * rate);
  const file = Buffer.alloc(44 + samples);
  file.write('RIFF', 0);
  file.writeUInt32LE(36 + samples, 4);
  file.write('WAVEfmt ', 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(rate, 28);
  file.writeUInt16LE(1, 32);
  file.writeUInt16LE(8, 34);
  file.write('data', 36);
  file.writeUInt32LE(samples, 40);
  for (let i = 0; i < samples; i += 1) {
    file[44 + i] = 128 + round(100 * sin((2 * PI * frequency * i) / rate));
  }
  return file;
}

/** A file of test/fixtures, made by a real encoder. */
export const fixture = (name: string): Buffer =>
  readFileSync(fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url)));

/** A WAV file of exactly this size: one second of sound, then a chunk that players ignore. */
export function paddedWav(bytes: number, frequency = 440): Buffer {
  const sound = wav(1, frequency);
  const file = Buffer.alloc(bytes);
  sound.copy(file);
  file.write('junk', sound.length);
  file.writeUInt32LE(bytes - sound.length - 8, sound.length + 4);
  file.writeUInt32LE(bytes - 8, 4);
  return file;
}

/** The cover of the tagged fixtures as the server stores it: one file, because no size is larger than the picture. */
export async function storedCover(): Promise<Buffer> {
  const entry = join(process.env['ROOMCAST_TEST_BUILD']!, 'dist/tracks/analysis/cover-process.js');
  const limits = { timeoutMs: 60_000, maxHeapMegabytes: 64 };
  const processes = new ProcessPool<Uint8Array, Cover>(pathToFileURL(entry), limits);
  try {
    const { images } = await processes.run(fixture('cover.png'));
    return Buffer.from(images[1024]);
  } finally {
    processes.close();
  }
}

/** A WAV file with a cover, in an ID3v2.3 tag as taggers write it. */
export function wavWithCover(seconds: number, frequency: number): Buffer {
  const sound = wav(seconds, frequency);
  const picture = Buffer.concat([Buffer.from('\0image/png\0\x03\0', 'latin1'), fixture('cover.png')]);
  const frame = Buffer.alloc(10);
  frame.write('APIC');
  frame.writeUInt32BE(picture.length, 4);
  const size = frame.length + picture.length;
  const head = Buffer.from([
    ...Buffer.from('ID3'),
    3,
    0,
    0,
    ...[21, 14, 7, 0].map((bits) => (size >> bits) & 127),
  ]);
  const tag = Buffer.concat([head, frame, picture]);
  const chunk = Buffer.alloc(8);
  chunk.write('id3 ');
  chunk.writeUInt32LE(tag.length, 4);
  const file = Buffer.concat([sound, chunk, tag, Buffer.alloc(tag.length % 2)]);
  file.writeUInt32LE(file.length - 8, 4);
  return file;
}
