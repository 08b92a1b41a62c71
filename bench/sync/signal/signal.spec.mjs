import { describe, expect, test } from '@jest/globals';
import { locate } from './correlate.mjs';
import { noise } from './noise.mjs';
import { OutputTime } from './output-time.mjs';
import { normalFrom, randomFrom } from './random.mjs';
import { resample, sampleAt } from './resample.mjs';
import { wavFile } from './wav.mjs';

const rate = 44_100;

describe('the position of what was captured', () => {
  const source = noise(1, 4, rate);
  const normal = normalFrom(randomFrom(9));
  /** Samples of the source from a position on, with fraction. */
  const capture = (position, length, speed = 1) =>
    Float32Array.from({ length }, (_, i) => sampleAt(source, position + i * speed));

  test.each([20_000, 20_000.25, 31_234.5, 50_001.9])(
    'is found within 1 µs without noise (%d samples)',
    (position) => {
      const from = 18_000;
      const { lag, quality } = locate(source.subarray(from, from + 40_000), capture(position, 4096));
      expect(Math.abs(lag + from - position) / rate).toBeLessThan(1e-6);
      expect(quality).toBeGreaterThan(0.98);
    },
  );

  test('is found within 10 µs at 0 dB', () => {
    for (let position = 20_000; position < 60_000; position += 3333.3) {
      const captured = capture(position, 4096).map((value) => value + 0.15 * normal());
      const { lag, quality } = locate(source.subarray(10_000, 74_000), captured);
      expect(Math.abs(lag + 10_000 - position) / rate).toBeLessThan(1e-5);
      expect(quality).toBeGreaterThan(0.6);
    }
  });

  test.each([
    [1.001, 1e-5],
    [0.999, 1e-5],
    [1.005, 1e-4],
    [0.995, 1e-4],
  ])('is that of the middle where the player corrects (speed %d, within %d s)', (speed, tolerance) => {
    const length = 2048;
    const { lag, quality } = locate(source.subarray(15_000, 35_000), capture(20_000, length, speed));
    const middle = 20_000 + (length / 2) * speed;
    expect(Math.abs(lag + 15_000 + length / 2 - middle) / rate).toBeLessThan(tolerance);
    expect(quality).toBeGreaterThan(0.4);
  });

  test('has no quality where the content is another one, or silence', () => {
    const other = noise(2, 1, rate).subarray(10_000, 14_096);
    expect(locate(source, other).quality).toBeLessThan(0.25);
    expect(locate(source, new Float32Array(4096)).quality).toBe(0);
  });

  test('does not depend on the level', () => {
    const quiet = capture(30_000.5, 4096).map((value) => value * 0.001);
    const { lag, quality } = locate(source.subarray(28_000, 40_000), quiet);
    expect(lag + 28_000).toBeCloseTo(30_000.5, 1);
    expect(quality).toBeGreaterThan(0.98);
  });
});

describe('resampling', () => {
  test('keeps positions: 44.1 kHz to 48 kHz', () => {
    const source = noise(3, 1, rate);
    const other = resample(source, rate, 48_000);
    const captured = Float32Array.from({ length: 4096 }, (_, i) =>
      sampleAt(source, 20_000 + (i * rate) / 48_000),
    );
    const { lag } = locate(other, captured);
    expect(lag / 48_000).toBeCloseTo(20_000 / rate, 6);
  });
});

describe('the time at which a frame is heard', () => {
  /** Stamps as Chromium gives them: σ 0.8 ms, one in twenty 7.5 ms off. */
  function stamps(seed, { seconds = 40, slope = 0, every = 0.025, latency = () => 0.08 } = {}) {
    const random = randomFrom(seed);
    const normal = normalFrom(random);
    return Array.from({ length: seconds / every }, (_, index) => {
      const contextTime = 0.5 + index * every;
      const outlier = random() < 0.05 ? 0.0075 : 0;
      const noisy = 0.0008 * normal() + outlier;
      return [contextTime, 1000 + contextTime * (1 + slope) + latency(contextTime) + noisy];
    });
  }

  test.each([1, 2, 3, 4, 5])('is known within 0.1 ms, and typically within 0.05 ms (seed %d)', (seed) => {
    const time = new OutputTime(stamps(seed, { slope: 1e-4 }));
    const errors = [];
    for (let contextTime = 1; contextTime < 40; contextTime += 0.25) {
      errors.push(Math.abs(time.heardAt(contextTime) - (1000 + contextTime * 1.0001 + 0.08)));
    }
    expect(errors.sort((a, b) => a - b)[errors.length >> 1]).toBeLessThan(5e-5);
    expect(errors.at(-1)).toBeLessThan(1e-4);
    expect(time.spread).toBeCloseTo(0.0008, 3);
    expect(time.largestDeviation).toBeGreaterThan(0.006);
  });

  test('can be asked the other way round', () => {
    const time = new OutputTime(stamps(6, { slope: 5e-5 }));
    expect(time.heardAt(time.contextTimeAt(1021.3))).toBeCloseTo(1021.3, 7);
  });

  test('ignores stamps of an output that has not begun', () => {
    const time = new OutputTime([[0, 0], [0, 0], ...stamps(7)]);
    expect(time.heardAt(10)).toBeCloseTo(1010.08, 3);
  });

  test('is known on both sides of an output that stood still for half a second', () => {
    const still = (contextTime) => (contextTime < 20 ? 0 : 0.5);
    const before = stamps(9).filter(([contextTime]) => contextTime < 20);
    const during = Array.from({ length: 20 }, (_, i) => [20 + i * 1e-4, 1020.08 + i * 0.025]);
    const after = stamps(9, { latency: (contextTime) => 0.08 + still(contextTime) }).filter(
      ([contextTime]) => contextTime >= 20.01,
    );
    const time = new OutputTime([...before, ...during, ...after]);
    for (const contextTime of [10, 19, 21, 30]) {
      expect(
        Math.abs(time.heardAt(contextTime) - (1000 + contextTime + 0.08 + still(contextTime))),
      ).toBeLessThan(2e-4);
    }
    const stalls = time.stallsBetween(1010, 1030);
    expect(stalls.length).toBeGreaterThan(0);
    for (const stall of stalls) expect(Math.abs(stall - 1020.3)).toBeLessThan(0.7);
    expect(new OutputTime(stamps(9)).stallsBetween(0, 2000)).toEqual([]);
  });

  test('is refused with too few stamps', () => {
    expect(() => new OutputTime(stamps(8).slice(0, 5))).toThrow('only 5 output time stamps');
  });
});

describe('an impulse and noise with known delays', () => {
  test('a listener that is 3.21 ms late is found to be so within 0.05 ms', () => {
    const source = noise(11, 18, rate);
    const random = randomFrom(12);
    const normal = normalFrom(random);
    const late = 0.00321;
    const startedAt = 500.4;
    // The context began at 499.9 on the machine's clock; its frames are heard 0.07 s after they are played.
    const stamps = Array.from({ length: 1200 }, (_, i) => {
      const contextTime = 0.02 * (i + 1);
      return [contextTime, 499.9 + contextTime + 0.07 + 0.0008 * normal()];
    });
    const time = new OutputTime(stamps);
    for (let at = 509; at < 517; at += 0.5) {
      const frame = Math.round(time.contextTimeAt(at) * rate);
      const heardAt = 499.9 + frame / rate + 0.07;
      const captured = Float32Array.from({ length: 4096 }, (_, i) =>
        sampleAt(source, (heardAt - startedAt - late) * rate + i),
      );
      const expected = Math.round((time.heardAt(frame / rate) - startedAt) * rate);
      const from = expected - 2000;
      const { lag } = locate(source.subarray(from, from + 8096), captured);
      const measured = time.heardAt(frame / rate) - startedAt - (from + lag) / rate;
      expect(Math.abs(measured - late)).toBeLessThan(5e-5);
    }
  });

  test('an impulse', () => {
    const source = new Float32Array(20_000);
    source[12_345] = 1;
    const captured = new Float32Array(1000);
    captured[400] = 0.3;
    const { lag, quality } = locate(source, captured);
    expect(lag).toBeCloseTo(11_945, 6);
    expect(quality).toBeCloseTo(1, 6);
  });
});

test('a track is the same for the same seed, within ± 1, and a WAV file of 16 bits', () => {
  const track = noise(5, 0.5, rate);
  expect(noise(5, 0.5, rate)).toEqual(track);
  expect(Math.max(...track.map(Math.abs))).toBeLessThanOrEqual(1);
  const file = wavFile(track, rate);
  expect(file.length).toBe(44 + 2 * 22_050);
  expect(file.readInt16LE(44 + 2 * 1000) / 32_767).toBeCloseTo(track[1000], 4);
});
