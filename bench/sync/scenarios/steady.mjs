import { steady } from './measure.mjs';

const repeat = (count, options) => Array.from({ length: count }, () => options);

/** Two and five listeners without delays. */
export async function clean(rig) {
  const shared = { settle: 10, duration: rig.long(60), goal: { p95: 1, rate: 0.001 } };
  return [
    ...(await steady(rig, { ...shared, label: 'clean network', listeners: repeat(2, {}) })),
    ...(await steady(rig, { ...shared, label: 'clean network', listeners: repeat(5, {}) })),
  ];
}

/** Each message takes 100 ± 40 ms, in both directions. */
export function jitter(rig) {
  const delays = { delayMs: 100, jitterMs: 40 };
  return steady(rig, {
    label: '100 ± 40 ms in each direction',
    listeners: repeat(5, { path: { there: delays, back: delays } }),
    settle: 30,
    duration: rig.long(60),
    goal: { p95: 10, rate: 0.001 },
  });
}

/** All clocks of one listener, and its output, are fast by 100 ppm. */
export function drift(rig) {
  return steady(rig, {
    label: 'one machine 100 ppm fast, 10 minutes',
    listeners: [{}, { speed: 1.0001 }],
    settle: 30,
    duration: rig.long(600),
    every: 0.5,
    goal: { p95: 2, rate: 0.001 },
  });
}
