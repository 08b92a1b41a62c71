import { describe, expect, test } from '@jest/globals';
import type { Pcm } from './analysis.js';
import { LoudnessMeter } from './loudness.js';
import { WaveformMeter } from './waveform.js';

// Looking up a global is slow in Jest.
const { sin, PI } = Math;

/** Feeds tones one after another, in pieces of odd length. @returns the meter's result */
function measure(
  tones: { dbfs: number; seconds: number; frequency?: number; phase?: number }[],
  {
    rate = 8000,
    channels = 2,
    order = 'wave',
    silent = [],
  }: { rate?: number; channels?: number; order?: Pcm['order']; silent?: number[] } = {},
) {
  const meter = new LoudnessMeter();
  for (const { dbfs, seconds, frequency = 997, phase = 0 } of tones) {
    const amplitude = 10 ** (dbfs / 20);
    const tone = Float32Array.from(
      { length: Math.round(seconds * rate) },
      (_, i) => amplitude * sin((2 * PI * frequency * i) / rate + phase),
    );
    for (let at = 0; at < tone.length; at += 3001) {
      const piece = tone.subarray(at, at + 3001);
      const nothing = new Float32Array(piece.length);
      meter.add({
        channels: Array.from({ length: channels }, (_, i) => (silent.includes(i) ? nothing : piece)),
        sampleRate: rate,
        order,
      });
    }
  }
  return meter.result;
}

describe('loudness', () => {
  // EBU Tech 3341, cases 1 to 5: within 0.1 LU.
  test.each([
    { name: '1: -23 dBFS', tones: [{ dbfs: -23, seconds: 20 }], lufs: -23 },
    { name: '2: -33 dBFS', tones: [{ dbfs: -33, seconds: 20 }], lufs: -33 },
    {
      name: '3: the relative gate',
      tones: [
        { dbfs: -36, seconds: 10 },
        { dbfs: -23, seconds: 60 },
        { dbfs: -36, seconds: 10 },
      ],
      lufs: -23,
    },
    {
      name: '4: the absolute gate too',
      tones: [
        { dbfs: -72, seconds: 10 },
        { dbfs: -36, seconds: 10 },
        { dbfs: -23, seconds: 60 },
        { dbfs: -36, seconds: 10 },
        { dbfs: -72, seconds: 10 },
      ],
      lufs: -23,
    },
    {
      name: '5: blocks that overlap',
      tones: [
        { dbfs: -26, seconds: 20 },
        { dbfs: -20, seconds: 20.1 },
        { dbfs: -26, seconds: 20 },
      ],
      lufs: -23,
    },
  ])('EBU Tech 3341 case $name', ({ tones, lufs }) => {
    expect(Math.abs(measure(tones)!.integrated - lufs)).toBeLessThanOrEqual(0.1);
  });

  test.each([8000, 44_100, 48_000, 96_000])('is the same at %i Hz', (rate) => {
    const { integrated, truePeak } = measure([{ dbfs: -20, seconds: 1 }], { rate })!;
    expect(integrated).toBeCloseTo(-20, 1);
    expect(truePeak).toBeCloseTo(-20, 1);
  });

  test('of one channel is that of two speakers', () => {
    expect(measure([{ dbfs: -20, seconds: 3 }], { channels: 1 })!.integrated).toBeCloseTo(-20, 1);
  });

  test('leaves out the low frequency channel, and weighs the surround channels by 1.41', () => {
    const tones = [{ dbfs: -20, seconds: 3 }];
    expect(measure(tones, { channels: 6, silent: [2, 4, 5] })!.integrated).toBeCloseTo(-20, 1);
    expect(measure(tones, { channels: 6, order: 'vorbis', silent: [1, 3, 4] })!.integrated).toBeCloseTo(
      -20,
      1,
    );
    expect(measure(tones, { channels: 6, silent: [0, 1, 2, 3] })!.integrated).toBeCloseTo(-18.5, 1);
  });

  test('is null for silence and for less than a block', () => {
    expect(measure([{ dbfs: -90, seconds: 3 }])).toBeNull();
    expect(measure([{ dbfs: -20, seconds: 0.3 }])).toBeNull();
  });

  test('has a true peak between the samples', () => {
    // A quarter of the rate, 45 degrees off: no sample exceeds -3 dB of the peak.
    const tones = [{ dbfs: -6, seconds: 1, frequency: 2000, phase: PI / 4 }];
    expect(Math.abs(measure(tones)!.truePeak + 6)).toBeLessThan(0.3);
  });
});

test('a waveform has the peak of each 400th of a track', () => {
  const meter = new WaveformMeter(4);
  const samples = Float32Array.from(
    { length: 4 * 8000 },
    (_, i) => (i % 2 ? -1 : 1) * (Math.floor(i / 8000) / 4),
  );
  for (let at = 0; at < samples.length; at += 777) {
    meter.add({ channels: [samples.subarray(at, at + 777)], sampleRate: 8000, order: 'wave' });
  }
  expect([...meter.peaks]).toEqual(Array.from({ length: 400 }, (_, i) => Math.floor(i / 100) * 25));
});
