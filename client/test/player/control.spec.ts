import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  controlStep,
  deadBand,
  horizonFor,
  initialControl,
  jumpCooldown,
  maxFastRate,
  maxRate,
} from '../../src/player/timing/control.js';
import { normalFrom, randomFrom } from './random.js';

interface Device {
  /** Error at the beginning, in seconds. */
  error: number;
  /** By how much the room clock is faster than the device. */
  drift: number;
  /** Deviation of the measured error, and of the measured drift. */
  jitter: number;
  driftJitter: number;
  /** Seconds of a chunk. */
  chunk: number;
  seed: number;
}

interface Step {
  time: number;
  /** The true error. */
  error: number;
  rate: number;
  jumped: boolean;
}

/** Runs the loop on a simulated device: what it renders moves the true error, of which it sees a noisy copy. */
function simulate(device: Device, seconds: number): Step[] {
  const normal = normalFrom(randomFrom(device.seed));
  const steps: Step[] = [];
  let { error } = device;
  let state = initialControl;
  for (let time = 0; time < seconds; time += device.chunk) {
    const [next, output] = controlStep(state, {
      now: time,
      error: error + device.jitter * normal(),
      chunk: device.chunk,
      drift: device.drift + device.driftJitter * normal(),
      uncertainty: 0.0001,
    });
    state = next;
    const jumped = output.action === 'jump';
    if (jumped) error = device.jitter * normal();
    error += device.chunk * (output.rate - device.drift);
    steps.push({ time, error, rate: output.rate, jumped });
  }
  return steps;
}

const device: Device = { error: 0, drift: 1e-4, jitter: 3e-5, driftJitter: 5e-6, chunk: 0.5, seed: 7 };
const errorsFrom = (steps: Step[], time: number) =>
  steps.filter((step) => step.time >= time).map(({ error }) => error);
const largest = (values: number[]) => Math.max(...values.map(Math.abs));

describe('the control loop', () => {
  test('keeps a device that drifts by 100 ppm within 0.2 ms', () => {
    expect(largest(errorsFrom(simulate(device, 600), 0))).toBeLessThan(0.0002);
  });

  test('cuts once after a late start, and is in step from then on', () => {
    const steps = simulate({ ...device, error: -0.3 }, 60);
    expect(steps.filter(({ jumped }) => jumped)).toHaveLength(1);
    expect(largest(errorsFrom(steps, 1))).toBeLessThan(0.0003);
  });

  test('corrects 10 ms at 0.5 % without a cut, within 15 s to 2 ms and within 60 s to 0.2 ms', () => {
    const steps = simulate({ ...device, error: 0.01 }, 120);
    expect(steps.some(({ jumped }) => jumped)).toBe(false);
    expect(largest(errorsFrom(steps, 15))).toBeLessThan(0.002);
    expect(largest(errorsFrom(steps, 60))).toBeLessThan(0.0002);
  });

  test('corrects a drift that it does not know', () => {
    // 50 ppm that the estimate lacks leave 0.5 ms: what the correction gains in 10 s.
    let error = 0;
    let state = initialControl;
    for (let time = 0; time < 300; time += 0.5) {
      const [next, { rate }] = controlStep(state, { now: time, error, chunk: 0.5, drift: 0, uncertainty: 0 });
      state = next;
      error += 0.5 * (rate - 5e-5);
    }
    expect(Math.abs(error)).toBeLessThan(0.00052);
  });

  test('leaves errors within the dead band alone', () => {
    const input = { now: 0, chunk: 0.5, drift: 2e-5, uncertainty: 0 };
    expect(controlStep(initialControl, { ...input, error: deadBand * 0.9 })[1]).toEqual({
      action: 'keep',
      rate: 2e-5,
    });
    expect(controlStep(initialControl, { ...input, error: deadBand * 1.1 })[1].action).toBe('adjust');
  });

  test('does not cut on an error that the clock does not know, nor twice in a row', () => {
    const input = { now: 100, chunk: 0.5, drift: 0, error: 0.1 };
    expect(controlStep(initialControl, { ...input, uncertainty: 0.2 })[1].action).toBe('adjust');
    const [state, first] = controlStep(initialControl, { ...input, uncertainty: 0.001 });
    expect(first.action).toBe('jump');
    const soon = { ...input, now: 100 + jumpCooldown / 2, uncertainty: 0.001 };
    expect(controlStep(state, soon)[1].action).toBe('adjust');
    expect(controlStep(state, { ...soon, now: 100 + jumpCooldown })[1].action).toBe('jump');
  });

  test('settles from any error and drift, within its limits and without oscillation', () => {
    const devices = fc.record({
      error: fc.double({ min: -0.5, max: 0.5, noNaN: true }),
      drift: fc.double({ min: -3e-4, max: 3e-4, noNaN: true }),
      jitter: fc.double({ min: 0, max: 5e-5, noNaN: true }),
      driftJitter: fc.double({ min: 0, max: 1e-5, noNaN: true }),
      chunk: fc.double({ min: 0.1, max: 0.5, noNaN: true }),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(devices, (simulated) => {
        const steps = simulate(simulated, 90);
        expect(largest(steps.map(({ rate }) => rate))).toBeLessThanOrEqual(maxFastRate);
        // Small errors are corrected at the rate that is not heard.
        const before = [simulated.error, ...steps.map(({ error }) => error)];
        const slow = steps.filter((_, index) => Math.abs(before[index]!) < 0.0015);
        expect(largest(slow.map(({ rate }) => rate))).toBeLessThanOrEqual(maxRate);
        expect(steps.filter(({ jumped }) => jumped).length).toBeLessThanOrEqual(1);
        expect(largest(errorsFrom(steps, 60))).toBeLessThan(0.0003);
        // The error only becomes smaller, but for the noise, and does not swing to the other side.
        const growth = steps.map(
          ({ error }, index) => Math.abs(error) - Math.max(Math.abs(before[index]!), 0.0003),
        );
        expect(Math.max(...growth)).toBeLessThan(1e-9);
        const sides = steps
          .filter(({ error }) => Math.abs(error) > 0.0003)
          .map(({ error }) => Math.sign(error));
        expect(new Set(sides).size).toBeLessThanOrEqual(1);
      }),
      { numRuns: 300 },
    );
  });

  test('looks less far ahead the less the clock is known, and far where timers are throttled', () => {
    expect([0.0005, 0.005, 0.05].map((uncertainty) => horizonFor(uncertainty, false))).toEqual([20, 8, 4]);
    expect(horizonFor(0.05, true)).toBe(20);
  });
});
