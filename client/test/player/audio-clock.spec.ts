import { describe, expect, test } from '@jest/globals';
import { AudioClock, type OutputReading } from '../../src/player/timing/audio-clock.js';
import { fitLine, lineAt } from '../../src/player/timing/line-fit.js';
import { RoomTime } from '../../src/player/timing/room-time.js';
import { normalFrom, randomFrom } from './random.js';

/** A device as Chromium reports it: time stamps with σ 0.7 ms and now and then 7.5 ms off, a context time in steps. */
class SimulatedDevice {
  readonly #random: () => number;
  readonly #normal: () => number;
  /** Page time is that of the context, times this, plus the latency. */
  drift = 0;
  latency = 0.08;
  stamps = true;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
    this.#normal = normalFrom(this.#random);
  }

  /** When the frame at a context time is heard. */
  heardAt(contextTime: number): number {
    return 5 + contextTime * (1 + this.drift) + this.latency;
  }

  read(pageTime: number): OutputReading {
    const contextTime = (pageTime - 5) / (1 + this.drift);
    const played = contextTime - this.latency;
    const outlier = this.#random() < 0.05 ? 0.0075 : 0;
    return {
      pageTime,
      currentTime: contextTime - 0.01 * this.#random(),
      outputLatency: this.latency + 0.004 * (this.#random() - 0.5),
      timestamp: this.stamps
        ? { contextTime: played, pageTime: pageTime + 0.0007 * this.#normal() + outlier }
        : { contextTime: 0, pageTime: 0 },
    };
  }
}

const run = (
  clock: AudioClock,
  device: SimulatedDevice,
  from: number,
  to: number,
  each = (_: number) => {},
) => {
  for (let pageTime = from; pageTime < to; pageTime += 0.1) {
    clock.add(device.read(pageTime));
    each(pageTime);
  }
};

describe('the fit of a line', () => {
  test('ignores a third of points that are far off', () => {
    const random = randomFrom(3);
    const points = Array.from({ length: 90 }, (_, x) => ({
      x,
      y: 2 + 0.5 * x + (x % 3 === 0 ? 40 * random() : 0),
    }));
    expect(lineAt(fitLine(points)!, 45)).toBeCloseTo(24.5, 1);
  });

  test('takes one point, equal points and none', () => {
    expect(fitLine([])).toBeUndefined();
    expect(lineAt(fitLine([{ x: 3, y: 4 }])!, 10)).toBe(4);
    const same = Array.from({ length: 10 }, () => ({ x: 1, y: 2 }));
    expect(lineAt(fitLine(same)!, 1)).toBe(2);
  });
});

describe('the audio clock', () => {
  test.each([1, 2, 3, 4, 5])(
    'is within 0.3 ms of the output after half a minute, with drift and outliers (%d)',
    (seed) => {
      const clock = new AudioClock();
      const device = new SimulatedDevice(seed);
      device.drift = 1e-4;
      run(clock, device, 6, 36);
      const errors: number[] = [];
      run(clock, device, 36, 90, (pageTime) =>
        errors.push(clock.at(pageTime - 5) - device.heardAt(pageTime - 5)),
      );
      expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.0003);
    },
  );

  test('is not ready before five readings', () => {
    const clock = new AudioClock();
    const device = new SimulatedDevice(1);
    run(clock, device, 6, 6.35);
    expect(clock.ready).toBe(false);
    expect(clock.at(1)).toBeNaN();
    run(clock, device, 6.4, 6.75);
    expect(clock.ready).toBe(true);
    expect(Math.abs(clock.at(1) - device.heardAt(1))).toBeLessThan(0.003);
  });

  test('follows another output within 2 s', () => {
    const clock = new AudioClock();
    const device = new SimulatedDevice(4);
    run(clock, device, 6, 20);
    device.latency = 0.25;
    run(clock, device, 20, 22);
    expect(Math.abs(clock.at(17) - device.heardAt(17))).toBeLessThan(0.0015);
  });

  test('ignores time stamps that are old, and pairs with an impossible slope', () => {
    const clock = new AudioClock();
    const device = new SimulatedDevice(5);
    run(clock, device, 6, 18);
    const before = clock.at(13);
    const reading = device.read(18);
    clock.add({ ...reading, timestamp: { contextTime: 12.9, pageTime: 17 } });
    clock.add({ ...reading, timestamp: { contextTime: 12.95, pageTime: 18.2 } });
    expect(clock.at(13)).toBe(before);
  });

  test('falls back on the context time and its latency', () => {
    const clock = new AudioClock();
    const device = new SimulatedDevice(6);
    device.stamps = false;
    run(clock, device, 6, 30);
    // The context time lies up to 10 ms back.
    expect(Math.abs(clock.at(20) - 0.005 - device.heardAt(20))).toBeLessThan(0.003);
  });
});

describe('room time', () => {
  test('maps context time to the room and back, and learns the drift', () => {
    const audio = new AudioClock();
    const device = new SimulatedDevice(8);
    device.drift = 5e-5;
    let pageTime = 6;
    const room = { now: () => 1000 + pageTime * (1 + 3e-5), uncertainty: 0.0001 };
    const time = new RoomTime(room, audio, () => pageTime);
    expect(time.ready).toBe(false);
    for (; pageTime < 126; pageTime += 0.1) {
      audio.add(device.read(pageTime));
      time.update(device.read(pageTime).currentTime);
    }
    expect(time.ready).toBe(true);
    expect(Math.abs(time.drift - 8e-5)).toBeLessThan(1e-5);
    expect(time.uncertainty).toBe(0.0001);
    const ahead = 121 + 20;
    const truth = 1000 + device.heardAt(ahead) * (1 + 3e-5);
    expect(Math.abs(time.at(ahead) - truth)).toBeLessThan(0.0007);
    expect(time.contextTimeAt(time.at(ahead))).toBeCloseTo(ahead, 6);
  });

  test('is not ready while the room clock is not', () => {
    const audio = new AudioClock();
    const device = new SimulatedDevice(9);
    const room = { now: () => NaN, uncertainty: Infinity };
    const time = new RoomTime(room, audio, () => 7);
    for (let pageTime = 6; pageTime < 7; pageTime += 0.1) audio.add(device.read(pageTime));
    time.update(1);
    expect(time.ready).toBe(false);
  });
});
