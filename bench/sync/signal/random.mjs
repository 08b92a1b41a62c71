// Looking up a global is slow in Jest, and these are used for each sample.
const { PI, cos, imul, log, sqrt } = Math;

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = imul(state ^ (state >>> 15), 1 | state);
    value = (value + imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Normally distributed numbers of mean 0 and deviation 1. */
export const normalFrom = (random) => () => sqrt(-2 * log(1 - random())) * cos(2 * PI * random());
