import { describe, expect, it } from '@jest/globals';
import { ClockFilter } from './clock-filter.js';

/** A seeded generator of numbers from 0 to 1 (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Seconds that a message takes in one direction. */
type Delay = (random: () => number) => number;
interface Path {
  there: Delay;
  back: Delay;
}

const exponential = (random: () => number, mean: number) => -mean * Math.log(1 - random());
const symmetric = (delay: Delay): Path => ({ there: delay, back: delay });
const paths = {
  'Wi-Fi, 2 ms and exponential 1.5 ms, 3 % at 30 ms': symmetric(
    (random) => 0.002 + exponential(random, 0.0015) + (random() < 0.03 ? 0.03 : 0),
  ),
  '100 ± 40 ms uniform': symmetric((random) => 0.06 + 0.08 * random()),
  '30 ms there, 70 ms back, ± 5 ms': {
    there: (random) => 0.025 + 0.01 * random(),
    back: (random) => 0.065 + 0.01 * random(),
  },
} satisfies Record<string, Path>;

interface Run {
  path: Path;
  seed: number;
  /** Seconds a second by which the remote clock is faster. */
  drift: number;
  /** Local times at which probes are sent. */
  sendAt: readonly number[];
}

const trueOffset = 1000;

/** What is filtered: `ClockFilter`, or another way to compare it with. */
type Filter = Pick<ClockFilter, 'add' | 'offsetAt'>;

/** The usual alternative: the offset of the measurement with the smallest round trip. */
class SmallestRoundTrip implements Filter {
  #offset = NaN;
  #roundTrip = Infinity;

  add(_at: number, offset: number, roundTrip: number): void {
    if (roundTrip >= this.#roundTrip) return;
    this.#roundTrip = roundTrip;
    this.#offset = offset;
  }

  offsetAt(): number {
    return this.#offset;
  }
}

/** Sends the probes; messages of one direction keep their order, as on one TCP connection. */
function measure({ path, seed, drift, sendAt }: Run, filter: Filter): number {
  const random = generator(seed);
  let lastArrival = 0;
  let lastReturn = 0;
  for (const sent of sendAt) {
    const arrived = Math.max(lastArrival, sent + path.there(random));
    const returned = Math.max(lastReturn, arrived + path.back(random));
    lastArrival = arrived;
    lastReturn = returned;
    const remote = arrived + trueOffset + drift * arrived;
    filter.add(returned, (remote - sent + remote - returned) / 2, returned - sent);
  }
  return lastReturn;
}

const start = [
  ...Array.from({ length: 8 }, (_, index) => index * 0.01),
  ...Array.from({ length: 32 }, (_, index) => 0.1 + index * 0.05),
];
const bursts = (minutes: number) =>
  Array.from({ length: minutes * 12 }, (_, burst) =>
    Array.from({ length: 8 }, (_, index) => 2 + 5 * (burst + 1) + index * 0.05),
  ).flat();

const p95 = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length * 0.95)]!;

/** Errors of the offset in seconds over many runs. */
function errors(
  path: Path,
  sendAt: readonly number[],
  drift: () => number,
  make: () => Filter = () => new ClockFilter(),
): number[] {
  return Array.from({ length: 400 }, (_, seed) => {
    const filter = make();
    const rate = drift();
    const end = measure({ path, seed: seed + 1, drift: rate, sendAt }, filter);
    return filter.offsetAt(end) - trueOffset - rate * end;
  });
}

/** By how much two listeners on the same kind of path differ. */
const pairwise = (values: readonly number[]) =>
  values.slice(1).map((value, index) => Math.abs(value - values[index]!));

describe('the clock of a room', () => {
  const limits = {
    'Wi-Fi, 2 ms and exponential 1.5 ms, 3 % at 30 ms': [0.0015, 0.0004],
    '100 ± 40 ms uniform': [0.015, 0.006],
    '30 ms there, 70 ms back, ± 5 ms': [0.003, 0.001],
  } as const;
  for (const [name, path] of Object.entries(paths)) {
    it(`is known better with every probe: ${name}`, () => {
      const random = generator(7);
      const drift = () => (random() - 0.5) * 1e-4;
      const early = p95(pairwise(errors(path, start, drift)));
      const late = p95(pairwise(errors(path, [...start, ...bursts(5)], drift)));
      const smallest = p95(
        pairwise(
          errors(
            path,
            start,
            () => 0,
            () => new SmallestRoundTrip(),
          ),
        ),
      );
      const ms = (seconds: number) => `${(seconds * 1000).toFixed(2)} ms`;
      console.log(
        `${name}: 95 % of pairs of listeners are within ${ms(early)} after 40 probes, within ${ms(late)} after 5 minutes; by the smallest of 40 round trips, without drift, within ${ms(smallest)}`,
      );
      const [earlyLimit, lateLimit] = limits[name as keyof typeof limits];
      expect(early).toBeLessThan(earlyLimit);
      expect(late).toBeLessThan(lateLimit);
    });
  }

  it('is shifted by half of a fixed asymmetry, which its uncertainty does not contain', () => {
    const filter = new ClockFilter();
    const path = { there: () => 0.03, back: () => 0.07 };
    const end = measure({ path, seed: 1, drift: 0, sendAt: [...start, ...bursts(5)] }, filter);
    expect(filter.offsetAt(end) - trueOffset).toBeCloseTo(-0.02, 6);
    expect(filter.deviationAt(end)).toBeLessThan(0.005);
  });

  it('says how uncertain it is: the error is within three deviations nearly always', () => {
    for (const path of [paths['100 ± 40 ms uniform']]) {
      let within = 0;
      for (let seed = 1; seed <= 200; seed += 1) {
        const filter = new ClockFilter();
        const end = measure({ path, seed, drift: 2e-5, sendAt: [...start, ...bursts(1)] }, filter);
        const error = filter.offsetAt(end) - trueOffset - 2e-5 * end;
        if (Math.abs(error) < 3 * filter.deviationAt(end)) within += 1;
      }
      expect(within).toBeGreaterThan(190);
    }
  });

  it('learns the drift, and predicts with it while nothing is measured', () => {
    const filter = new ClockFilter();
    const path = paths['Wi-Fi, 2 ms and exponential 1.5 ms, 3 % at 30 ms'];
    const drift = 5e-5;
    const end = measure({ path, seed: 3, drift, sendAt: [...start, ...bursts(10)] }, filter);
    expect(filter.drift).toBeCloseTo(drift, 5);
    const later = end + 60;
    expect(Math.abs(filter.offsetAt(later) - trueOffset - drift * later)).toBeLessThan(0.001);
    expect(filter.deviationAt(later)).toBeGreaterThan(filter.deviationAt(end));
  });

  it('does not use a drift that is not certain', () => {
    const filter = new ClockFilter();
    measure({ path: paths['100 ± 40 ms uniform'], seed: 5, drift: 0, sendAt: start }, filter);
    expect(filter.drift).toBe(0);
  });

  it('follows a clock that has jumped', () => {
    const filter = new ClockFilter();
    const path = paths['Wi-Fi, 2 ms and exponential 1.5 ms, 3 % at 30 ms'];
    const end = measure({ path, seed: 9, drift: 0, sendAt: [...start, ...bursts(2)] }, filter);
    for (let index = 1; index <= 80; index += 1) filter.add(end + index * 0.05, trueOffset + 1, 0.007);
    expect(filter.offsetAt(end + 4)).toBeCloseTo(trueOffset + 1, 1);
  });

  it('knows nothing before the first measurement', () => {
    const filter = new ClockFilter();
    expect(filter.offsetAt(1)).toBeNaN();
    expect(filter.deviationAt(1)).toBe(Infinity);
  });
});
