import { describe, expect, it } from '@jest/globals';
import { Clock } from './clock.js';

describe('the clock', () => {
  it('reads the system time, with milliseconds for events and microseconds for playback', () => {
    const clock = new Clock();
    const before = Date.now() / 1000;
    const [now, roomTime] = [clock.now(), clock.roomTime()];
    expect(now).toBeGreaterThanOrEqual(before - 0.002);
    expect(roomTime).toBeLessThanOrEqual(Date.now() / 1000 + 0.002);
    expect(roomTime - now).toBeGreaterThan(-0.001);
    expect(now).toBe(Math.round(now * 1e3) / 1e3);
    expect(roomTime).toBe(Math.round(roomTime * 1e6) / 1e6);
    expect(Math.abs(clock.systemOffsetMs)).toBeLessThan(3);
  });

  it('has microseconds: readings in a row are closer than a millisecond', () => {
    const clock = new Clock();
    const readings = Array.from({ length: 1000 }, () => clock.roomTime());
    const steps = readings.slice(1).map((reading, index) => reading - readings[index]!);
    expect(steps.some((step) => step > 0 && step < 0.0005)).toBe(true);
  });

  it('never goes back, also while its rate changes in both directions', () => {
    const clock = new Clock();
    let last = clock.roomTime();
    for (let reading = 0; reading < 20_000; reading += 1) {
      clock.setRate(reading % 3 === 0 ? 50e-6 : reading % 3 === 1 ? -50e-6 : 0);
      const next = clock.roomTime();
      expect(next >= last).toBe(true);
      last = next;
    }
  });

  it('gains what its rate says', () => {
    const clock = new Clock();
    clock.setRate(0.5);
    const from = performance.now();
    const [first, later] = [clock.roomTime(from), clock.roomTime(from + 1000)];
    expect(later - first).toBeCloseTo(1.5, 5);
    clock.setRate(0);
    const then = performance.now();
    expect(clock.roomTime(then + 1000) - clock.roomTime(then)).toBeCloseTo(1, 5);
  });

  it('has an id of its own for each process', () => {
    expect(new Clock().id).not.toBe(new Clock().id);
  });
});
