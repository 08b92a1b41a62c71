import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fixture } from './support/audio.js';
import { startInspector, type TestInspector } from './support/inspector.js';

// For a longer run: FUZZ_RUNS=100000 npm test -- test/audio-mutations
const runs = Number(process.env['FUZZ_RUNS'] ?? 2000);
const outcomes = ['accepted', 'unsupported_media_type', 'unreadable_audio', 'audio_too_complex'];

let inspector: TestInspector;
beforeAll(async () => {
  inspector = await startInspector();
});
afterAll(() => inspector.close());

const files = [
  'tagged.mp3',
  'plain.aac',
  'tagged.m4a',
  'tagged.wav',
  'tagged.flac',
  'tagged.ogg',
  'tagged.opus',
];
const originals = new Map(files.map((name) => [name, fixture(name)]));

/** Most files have their structure at the beginning and at the end, so most mutations are there. */
const position = fc.oneof(
  fc.record({ from: fc.constant('start' as const), bytes: fc.integer({ min: 0, max: 700 }) }),
  fc.record({ from: fc.constant('end' as const), bytes: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ from: fc.constant('start' as const), bytes: fc.integer({ min: 0, max: 90_000 }) }),
);
const offsetOf = ({ from, bytes }: { from: 'start' | 'end'; bytes: number }, size: number): number =>
  from === 'start' ? bytes % size : Math.max(0, size - bytes);
const length = fc.oneof(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 1, max: 5000 }));
const size = fc.oneof(
  fc.constantFrom(0, 1, 7, 8, 0x7f, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff),
  fc.integer({ min: 0, max: 100_000 }),
);
const mutation = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: position, value: fc.integer({ min: 1, max: 255 }) }),
  fc.record({
    kind: fc.constantFrom('double' as const, 'remove' as const, 'zero' as const),
    at: position,
    length,
  }),
  fc.record({ kind: fc.constantFrom('size BE' as const, 'size LE' as const), at: position, size }),
  fc.record({ kind: fc.constant('move' as const), at: position, length, to: position }),
);
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutated(bytes: Buffer, change: Mutation): Buffer {
  if (bytes.length < 5) return bytes;
  const at = offsetOf(change.at, bytes.length);
  const copy = Buffer.from(bytes);
  switch (change.kind) {
    case 'flip':
      copy[at]! ^= change.value;
      return copy;
    case 'zero':
      return copy.fill(0, at, Math.min(at + change.length, copy.length));
    case 'double':
      return Buffer.concat([copy.subarray(0, at + change.length), copy.subarray(at)]);
    case 'remove':
      return Buffer.concat([copy.subarray(0, at), copy.subarray(at + change.length)]);
    case 'size BE':
      copy.writeUInt32BE(change.size, Math.min(at, copy.length - 4));
      return copy;
    case 'size LE':
      copy.writeUInt32LE(change.size, Math.min(at, copy.length - 4));
      return copy;
    case 'move':
      copy.copyWithin(offsetOf(change.to, copy.length), at, at + change.length);
      return copy;
  }
}

it(
  `accepts or refuses each of ${runs} mutated files, and no inspection thread fails`,
  async () => {
    const counts: Record<string, number> = {};
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.array(mutation, { minLength: 1, maxLength: 8 }),
        async (name, mutations) => {
          const outcome = await inspector.outcome(mutations.reduce(mutated, originals.get(name)!));
          counts[outcome] = (counts[outcome] ?? 0) + 1;
          expect(outcomes).toContain(outcome);
          expect(inspector.log).toEqual([]);
        },
      ),
      { numRuns: runs },
    );
    console.log(`${runs} mutated files:`, counts);
    for (const original of originals.values()) expect(await inspector.outcome(original)).toBe('accepted');
  },
  30_000 + runs * 60,
);
