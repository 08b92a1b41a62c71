import { normalFrom, randomFrom } from './random.mjs';

// Looking up a global is slow in Jest, and these are used for each sample.
const { max, min } = Math;

/** Hz. Low enough for lossy codecs, and for correlation while a player corrects its position by 0.5 %. */
const upperFrequency = 4000;
const lowerFrequency = 200;
/** Root mean square; peaks stay within ± 1. */
const level = 0.15;

/**
 * A track of band-limited noise that is nowhere like itself, so that any stretch of it tells its position.
 * @returns mono samples within ± 1
 */
export function noise(seed, seconds, rate) {
  const normal = normalFrom(randomFrom(seed));
  const samples = Float32Array.from({ length: Math.round(seconds * rate) }, normal);
  const passes = [
    lowPass(upperFrequency, rate),
    lowPass(upperFrequency, rate),
    highPass(lowerFrequency, rate),
  ];
  for (const pass of passes) filter(samples, pass);
  const rms = Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
  return samples.map((value) => max(-1, min(1, (value * level) / rms)));
}

/** Second-order Butterworth filters (the Audio EQ Cookbook's, Q = 1/√2). */
function lowPass(frequency, rate) {
  const { cos, alpha } = angle(frequency, rate);
  return normalise([(1 - cos) / 2, 1 - cos, (1 - cos) / 2], [1 + alpha, -2 * cos, 1 - alpha]);
}

function highPass(frequency, rate) {
  const { cos, alpha } = angle(frequency, rate);
  return normalise([(1 + cos) / 2, -(1 + cos), (1 + cos) / 2], [1 + alpha, -2 * cos, 1 - alpha]);
}

function angle(frequency, rate) {
  const omega = (2 * Math.PI * frequency) / rate;
  return { cos: Math.cos(omega), alpha: Math.sin(omega) / Math.SQRT2 };
}

const normalise = (b, a) => ({ b: b.map((value) => value / a[0]), a: a.map((value) => value / a[0]) });

function filter(samples, { b, a }) {
  let [x1, x2, y1, y2] = [0, 0, 0, 0];
  for (let i = 0; i < samples.length; i += 1) {
    const x = samples[i];
    const y = b[0] * x + b[1] * x1 + b[2] * x2 - a[1] * y1 - a[2] * y2;
    [x2, x1, y2, y1] = [x1, x, y1, y];
    samples[i] = y;
  }
}
