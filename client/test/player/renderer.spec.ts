import { describe, expect, test } from '@jest/globals';
import { createRenderer, type Renderer, type RenderPart } from '../../src/player/render/renderer.js';
import { randomFrom } from './random.js';

const { sin, PI, log10, sqrt } = Math;

const part = (changes: Partial<RenderPart> & Pick<RenderPart, 'frames'>): RenderPart => ({
  voice: 1,
  position: 0,
  step: 1,
  offset: 0,
  from: 1,
  to: 1,
  ...changes,
});

const sine = (frequency: number, rate: number, samples: number) =>
  Float32Array.from({ length: samples }, (_, i) => sin((2 * PI * frequency * i) / rate));

/** A renderer with one voice that has this audio from sample 0 on. */
function rendererWith(channels: Float32Array[], ratio = 1): Renderer {
  const renderer = createRenderer();
  renderer.open(1, ratio);
  renderer.push(1, 0, channels);
  return renderer;
}

/** Decibels of a signal above its difference to what it should be. */
function signalToNoise(actual: Float32Array, wanted: (frame: number) => number): number {
  let signal = 0;
  let noise = 0;
  actual.forEach((value, frame) => {
    signal += wanted(frame) ** 2;
    noise += (value - wanted(frame)) ** 2;
  });
  return 10 * log10(signal / noise);
}

describe('the resampler', () => {
  test('returns the samples unchanged where rates and phase are the same', () => {
    const random = randomFrom(1);
    const samples = Float32Array.from({ length: 5000 }, () => random() - 0.5);
    const [left, right] = rendererWith([samples]).render(3000, [part({ frames: 3000, position: 1000 })]);
    expect(left).toEqual(samples.subarray(1000, 4000));
    expect(right).toEqual(left);
  });

  test.each([
    { from: 44_100, to: 48_000, frequency: 1000, decibels: 95 },
    { from: 44_100, to: 48_000, frequency: 10_000, decibels: 85 },
    { from: 44_100, to: 48_000, frequency: 15_000, decibels: 75 },
    { from: 48_000, to: 44_100, frequency: 1000, decibels: 95 },
    { from: 48_000, to: 48_000, frequency: 1000, decibels: 95 },
    { from: 8000, to: 48_000, frequency: 1000, decibels: 90 },
    { from: 96_000, to: 48_000, frequency: 1000, decibels: 95 },
  ])(
    '$from to $to: a sine of $frequency Hz is $decibels dB above the noise',
    ({ from, to, frequency, decibels }) => {
      const ratio = from / to;
      const step = ratio * 1.0001;
      const [left] = rendererWith([sine(frequency, from, from)], ratio).render(to / 2, [
        part({ frames: to / 2, position: 1000.37, step }),
      ]);
      const ratioOf = signalToNoise(left, (frame) =>
        sin((2 * PI * frequency * (1000.37 + frame * step)) / from),
      );
      expect(ratioOf).toBeGreaterThan(decibels);
    },
  );

  test('removes what the lower rate cannot carry', () => {
    const [left] = rendererWith([sine(33_000, 96_000, 96_000)], 2).render(20_000, [
      part({ frames: 20_000, position: 2000, step: 2 }),
    ]);
    const level = sqrt(left.reduce((sum, value) => sum + value * value, 0) / left.length);
    expect(20 * log10(level)).toBeLessThan(-80);
  });

  test('gives the same samples in chunks of any length as in one piece', () => {
    const random = randomFrom(2);
    const samples = Float32Array.from({ length: 60_000 }, () => random() - 0.5);
    const renderer = rendererWith([samples], 44_100 / 48_000);
    const step = (44_100 / 48_000) * 0.9995;
    const [whole] = renderer.render(40_000, [part({ frames: 40_000, position: 100.25, step })]);
    let at = 0;
    let largest = 0;
    while (at < 40_000) {
      const frames = Math.min(40_000 - at, 1 + Math.floor(random() * 5000));
      const [chunk] = renderer.render(frames, [part({ frames, position: 100.25 + at * step, step })]);
      expect(chunk).toHaveLength(frames);
      for (let i = 0; i < frames; i += 1) largest = Math.max(largest, Math.abs(chunk[i]! - whole[at + i]!));
      at += frames;
    }
    expect(largest).toBeLessThan(1e-6);
  });

  test('joins audio that came in blocks, and forgets only blocks that are wholly before', () => {
    const samples = sine(500, 48_000, 4000);
    const renderer = createRenderer();
    renderer.open(1, 1);
    for (const [from, to] of [
      [0, 1000],
      [1000, 1700],
      [1700, 4000],
    ] as const) {
      renderer.push(1, from, [samples.slice(from, to)]);
    }
    renderer.trim(1, 1500);
    const [left] = renderer.render(2400, [part({ frames: 2400, position: 1100 })]);
    expect(left).toEqual(samples.slice(1100, 3500));
    const [forgotten] = renderer.render(100, [part({ frames: 100, position: 500 })]);
    expect(forgotten).toEqual(new Float32Array(100));
  });

  test('is silent before, between and behind what there is, and for voices that are closed', () => {
    const renderer = rendererWith([new Float32Array(100).fill(1)]);
    const [left] = renderer.render(400, [part({ frames: 400, position: -150 })]);
    expect([left[100], left[200], left[300]]).toEqual([0, 1, 0]);
    renderer.close(1);
    expect(renderer.render(50, [part({ frames: 50 })])[0]).toEqual(new Float32Array(50));
  });

  test('cross-fades two parts', () => {
    const renderer = rendererWith([new Float32Array(1000).fill(0.5)]);
    const [left] = renderer.render(200, [
      part({ frames: 100, position: 100, from: 1, to: 0 }),
      part({ frames: 100, position: 400, from: 0, to: 1 }),
      part({ frames: 100, position: 500, offset: 100 }),
    ]);
    left.forEach((value) => expect(value).toBeCloseTo(0.5, 6));
  });

  test.each([
    { channels: 1, left: 0.1, right: 0.1 },
    { channels: 2, left: 0.1, right: 0.2 },
    { channels: 4, left: 0.5 * (0.1 + 0.3), right: 0.5 * (0.2 + 0.4) },
    { channels: 6, left: 0.1 + Math.SQRT1_2 * (0.3 + 0.5), right: 0.2 + Math.SQRT1_2 * (0.3 + 0.6) },
  ])('mixes $channels channels to two', ({ channels, left, right }) => {
    const audio = Array.from({ length: channels }, (_, index) =>
      new Float32Array(300).fill((index + 1) / 10),
    );
    const rendered = rendererWith(audio).render(100, [part({ frames: 100, position: 100 })]);
    expect(rendered[0][50]).toBeCloseTo(left, 6);
    expect(rendered[1][50]).toBeCloseTo(right, 6);
  });

  test('runs from its source alone, as in a worker made of a Blob', () => {
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    const create = new Function(`return (${String(createRenderer)})()`) as () => Renderer;
    const renderer = create();
    renderer.open(1, 1);
    renderer.push(1, 0, [new Float32Array(200).fill(1)]);
    expect(renderer.render(10, [part({ frames: 10, position: 100 })])[0][5]).toBe(1);
  });
});
