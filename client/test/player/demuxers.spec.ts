import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AudioSlices, Slice } from '../../src/player/media/audio-slices.js';
import { type ByteSource, bytesInMemory, Unplayable } from '../../src/player/media/byte-source.js';
import { openAudio } from '../../src/player/media/open-audio.js';
import { RangedSource } from '../../src/player/media/ranged-source.js';
import { contentChannels, wavOf } from './content.js';
import { fixture } from './fixtures.js';
import { longFlac, longMp3, longOpus } from './long-audio.js';

/** A file that counts what is read of it. */
function counted(
  bytes: Uint8Array,
): ByteSource & { read(offset: number, length: number): Promise<Uint8Array>; bytes: number; reads: number } {
  return {
    size: bytes.length,
    bytes: 0,
    reads: 0,
    read(offset, length) {
      const part = bytes.subarray(offset, offset + length);
      this.bytes += part.length;
      this.reads += 1;
      return Promise.resolve(part);
    },
  };
}

/** All slices from a sample on. @param gaps whether parts of the file may be lost */
async function slicesFrom(slices: AudioSlices, sample = 0, gaps = false): Promise<Slice[]> {
  const all: Slice[] = [];
  for (let at = sample; all.length < 10_000;) {
    const slice = await slices.sliceAt(at);
    if (!slice) return all;
    expect(slice.start + slice.length).toBeGreaterThan(at);
    if (!gaps) expect(slice.start).toBeLessThanOrEqual(at);
    at = slice.start + slice.length;
    all.push(slice);
  }
  throw new Error('the slices do not end');
}

const names = [
  'content.flac',
  'content-cbr.mp3',
  'content-vbr.mp3',
  'content-no-header.mp3',
  'content.m4a',
  'content-faststart.m4a',
  'content.aac',
  'content.ogg',
  'content.opus',
];
const files = new Map<string, Uint8Array>();

beforeAll(async () => {
  files.set('content.wav', wavOf(contentChannels()));
  for (const name of names) files.set(name, await fixture(name));
});
const bytesOf = (name: string) => files.get(name)!;

describe('a demuxer', () => {
  test.each(['content.wav', ...names])(
    '%s: makes slices of about a second that follow each other',
    async (name) => {
      const slices = await openAudio(bytesInMemory(bytesOf(name)));
      const all = await slicesFrom(slices);
      expect(all[0]!.start).toBe(0);
      for (const [index, { start, length, skip }] of all.entries()) {
        if (index > 0) expect(start).toBe(all[index - 1]!.start + all[index - 1]!.length);
        expect(length).toBeLessThan(2.1 * slices.sampleRate);
        expect(skip).toBeGreaterThanOrEqual(0);
        expect(skip).toBeLessThan(0.4 * slices.sampleRate);
      }
    },
  );

  test.each(names)('%s: cut off anywhere, ends with its last whole frame or with a reason', async (name) => {
    const bytes = bytesOf(name);
    for (let part = 1; part < 24; part += 1) {
      const cut = bytes.subarray(0, Math.floor((bytes.length * part) / 24));
      try {
        const all = await slicesFrom(await openAudio(bytesInMemory(cut)));
        expect(all.length).toBeLessThan(8);
      } catch (error) {
        expect(error).toBeInstanceOf(Unplayable);
      }
    }
  });

  test.each(['content.wav', ...names])(
    '%s: changed at random, ends, and reads a bounded amount',
    async (name) => {
      const bytes = bytesOf(name);
      const changes = fc.array(
        fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), value: fc.nat(255) }),
        {
          minLength: 1,
          maxLength: 20,
        },
      );
      const runs = Number(process.env['FUZZ_RUNS'] ?? 60);
      await fc.assert(
        fc.asyncProperty(changes, fc.boolean(), async (edits, inHeader) => {
          const changed = bytes.slice();
          for (const { at, value } of edits) {
            changed[Math.floor(at ** (inHeader ? 8 : 1) * (changed.length - 1))] = value;
          }
          const file = counted(changed);
          try {
            await slicesFrom(await openAudio(file), 0, true);
          } catch (error) {
            // A RangeError is reading behind the end of a table, which the feed takes for a damaged file.
            if (!(error instanceof Unplayable || error instanceof RangeError)) throw error;
          }
          expect(file.reads).toBeLessThan(200_000);
        }),
        { numRuns: runs },
      );
    },
  );

  test.each([
    ['nothing', new Uint8Array()],
    ['zeros', new Uint8Array(300_000)],
    ['0xff only', new Uint8Array(300_000).fill(0xff)],
    ['frame headers only', Uint8Array.from({ length: 300_000 }, (_, i) => [0xff, 0xfb, 0x90, 0x64][i % 4]!)],
    [
      'ADTS headers only',
      Uint8Array.from({ length: 300_000 }, (_, i) => [0xff, 0xf1, 0x50, 0x80, 1, 0x1f, 0xfc][i % 7]!),
    ],
    ['page headers only', Uint8Array.from({ length: 300_000 }, (_, i) => 'OggS\0'.charCodeAt(i % 5))],
    [
      'a box in itself',
      Uint8Array.from({ length: 80_000 }, (_, i) => [0, 0, 0, 8, 102, 116, 121, 112][i % 8]!),
    ],
  ])('%s: ends with a reason', async (_, bytes) => {
    const opened = openAudio(bytesInMemory(bytes)).then((slices) => slicesFrom(slices));
    await expect(opened).rejects.toBeInstanceOf(Unplayable);
  });

  test('a file of another format is unsupported', async () => {
    const bytes = new TextEncoder().encode('not audio at all, only text. '.repeat(100));
    await expect(openAudio(bytesInMemory(bytes))).rejects.toMatchObject({ reason: 'unsupported' });
  });

  test('an MP4 file whose tables promise more than there is has a reason', async () => {
    const bytes = bytesOf('content-faststart.m4a');
    const cut = bytes.subarray(0, bytes.length - 8000);
    await expect(slicesFrom(await openAudio(bytesInMemory(cut)))).rejects.toMatchObject({
      reason: 'truncated',
    });
  });

  test('tags before and behind the frames are no audio', async () => {
    const id3 = Uint8Array.of(0x49, 0x44, 0x33, 4, 0, 0, 0, 0, 0x10, 0, ...new Uint8Array(2048));
    const id3v1 = new Uint8Array(128);
    id3v1.set(new TextEncoder().encode('TAG'));
    for (const name of ['content-cbr.mp3', 'content.aac', 'content.flac']) {
      const bytes = bytesOf(name);
      const plain = await slicesFrom(await openAudio(bytesInMemory(bytes)));
      const tagged = await openAudio(bytesInMemory(Uint8Array.from([...id3, ...bytes, ...id3v1])));
      const all = await slicesFrom(tagged);
      expect(all.map(({ start, length }) => [start, length])).toEqual(
        plain.map(({ start, length }) => [start, length]),
      );
    }
  });

  test("iTunes' gapless tag tells where the sound begins and how long it is", async () => {
    const bytes = withGaplessTag(bytesOf('content.m4a'), '00000000 00000840 000001CA 0000000000030000');
    const slices = await openAudio(bytesInMemory(bytes));
    expect(slices.length).toBe(0x30000);
    const [first] = await slicesFrom(slices);
    expect(first).toMatchObject({ start: 0, skip: 0x840 });
  });
});

/** A file behind ranges, as in a browser, and the bytes that were requested of it. */
async function ranged(bytes: Uint8Array): Promise<{ file: ByteSource; requested: () => number }> {
  let requested = 0;
  const file = await RangedSource.open((range) => {
    const [start, end] = range.slice(6).split('-').map(Number) as [number, number];
    const part = Uint8Array.from(bytes.subarray(start, end + 1));
    requested += part.length;
    const headers = { 'content-range': `bytes ${start}-${end}/${bytes.length}` };
    return Promise.resolve(new Response(part, { status: 206, headers }));
  });
  return { file, requested: () => requested };
}

describe('going far into a long file', () => {
  const seconds = 1800;
  test.each([
    { name: 'MP3 of constant bit rate', bytes: longMp3(seconds, 'Info'), most: 1_500_000, grid: 1 },
    { name: 'MP3 that does not say so', bytes: longMp3(seconds, undefined), most: 1_500_000, grid: 1 },
    { name: 'MP3 of variable bit rate', bytes: longMp3(seconds, 'Xing'), most: 26_000_000, grid: 1 },
    { name: 'FLAC', bytes: longFlac(seconds), most: 1_500_000, grid: 4096 },
    { name: 'Opus', bytes: longOpus(seconds), most: 1_500_000, grid: 960 },
  ])('$name: finds the exact sample with few bytes', async ({ bytes, most, grid }) => {
    const { file, requested } = await ranged(bytes);
    const slices = await openAudio(file);
    const far = 1500 * slices.sampleRate;
    const wanted = (await slicesFrom(await openAudio(bytesInMemory(bytes)))).find(
      ({ start, length }) => start <= far && far < start + length,
    )!;
    await slices.sliceAt(0);
    const before = requested();
    const slice = (await slices.sliceAt(far))!;
    expect(slice.start).toBeLessThanOrEqual(far);
    expect(slice.start + slice.length).toBeGreaterThan(far);
    // Slices of files without numbered ones begin where decoding begins, but always at a frame.
    expect(Math.abs((slice.start - wanted.start) % grid)).toBe(0);
    if (grid === 1) expect(slice.start).toBe(wanted.start);
    expect(requested() - before).toBeLessThan(most);
    const next = (await slices.sliceAt(slice.start + slice.length))!;
    expect(next.start).toBe(slice.start + slice.length);
    const back = (await slices.sliceAt(10 * slices.sampleRate))!;
    expect(back.start).toBeLessThanOrEqual(10 * slices.sampleRate);
    expect(back.start + back.length).toBeGreaterThan(10 * slices.sampleRate);
  });
});

describe('a file behind ranges', () => {
  const answer = (status: number, headers: Record<string, string> = {}, size = 0) =>
    RangedSource.open(() => Promise.resolve(new Response(new Uint8Array(size), { status, headers })));

  test('reads across blocks what is in the file, and less at its end', async () => {
    const bytes = Uint8Array.from({ length: 700_000 }, (_, i) => (i * 31) >> 4);
    const { file } = await ranged(bytes);
    expect(file.size).toBe(bytes.length);
    for (const [offset, length] of [
      [0, 10],
      [131_000, 300_000],
      [131_072, 1],
      [699_990, 100],
      [700_000, 5],
    ] as const) {
      expect(await file.read(offset, length)).toEqual(bytes.subarray(offset, offset + length));
    }
  });

  test('an answer that is refused, or ignores the range, has its reason; others are worth another attempt', async () => {
    await expect(answer(200, {}, 10)).rejects.toMatchObject({ reason: 'no_ranges' });
    await expect(answer(206, {}, 10)).rejects.toMatchObject({ reason: 'no_ranges' });
    await expect(answer(403)).rejects.toMatchObject({ reason: 'refused' });
    await expect(answer(404)).rejects.toMatchObject({ reason: 'refused' });
    await expect(answer(503)).rejects.toBeInstanceOf(TypeError);
    await expect(answer(429)).rejects.toBeInstanceOf(TypeError);
  });

  test('a block that failed is requested again, and one read asks for no more than 2 MiB', async () => {
    const bytes = new Uint8Array(5_000_000).fill(7);
    let failing = false;
    const file = await RangedSource.open((range) => {
      if (failing) return Promise.reject(new TypeError('no network'));
      const [start, end] = range.slice(6).split('-').map(Number) as [number, number];
      const headers = { 'content-range': `bytes ${start}-${end}/${bytes.length}` };
      return Promise.resolve(new Response(bytes.slice(start, end + 1), { status: 206, headers }));
    });
    failing = true;
    await expect(file.read(1_000_000, 10)).rejects.toBeInstanceOf(TypeError);
    failing = false;
    expect(await file.read(1_000_000, 3)).toEqual(Uint8Array.of(7, 7, 7));
    await expect(file.read(0, 3_000_000)).rejects.toMatchObject({ reason: 'too_complex' });
  });
});

/** Puts a tag into an MP4 file whose movie box is its last. */
function withGaplessTag(bytes: Uint8Array, value: string): Uint8Array {
  const encoder = new TextEncoder();
  const box = (type: string, ...parts: Uint8Array[]) => {
    const length = parts.reduce((sum, part) => sum + part.length, 8);
    const made = new Uint8Array(length);
    new DataView(made.buffer).setUint32(0, length);
    made.set(encoder.encode(type), 4);
    let at = 8;
    for (const part of parts) {
      made.set(part, at);
      at += part.length;
    }
    return made;
  };
  const zeros = (count: number) => new Uint8Array(count);
  const tag = box(
    '----',
    box('mean', zeros(4), encoder.encode('com.apple.iTunes')),
    box('name', zeros(4), encoder.encode('iTunSMPB')),
    box('data', zeros(8), encoder.encode(` ${value}`)),
  );
  const added = box('udta', box('meta', zeros(4), box('ilst', tag)));
  const movie = Buffer.from(bytes).lastIndexOf('moov') - 4;
  const changed = new Uint8Array(bytes.length + added.length);
  // Before the other boxes of the movie, of which one may be a `udta` too.
  changed.set(bytes.subarray(0, movie + 8));
  changed.set(added, movie + 8);
  changed.set(bytes.subarray(movie + 8), movie + 8 + added.length);
  const view = new DataView(changed.buffer);
  view.setUint32(movie, view.getUint32(movie) + added.length);
  return changed;
}
