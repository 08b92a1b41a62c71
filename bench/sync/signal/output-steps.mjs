/** Stamps on each side whose middles are compared: those of a quarter of a second. */
const side = 10;
/** An output that stood still loses a whole buffer, at least 5 ms. Stamps are not off by so much for so long. */
const minStepSeconds = 0.004;

/**
 * Where an output stood still, or skipped something, because the machine was too slow: from there on everything is heard
 * later, or earlier, than before.
 * @param stamps pairs of seconds in order: context time, and the time at which it is heard
 * @returns context times from which on that is so
 */
export function findSteps(stamps) {
  const lags = stamps.map(([contextTime, time]) => time - contextTime);
  const steps = [];
  let largest = 0;
  let at;
  for (let i = side; i + side <= lags.length; i += 1) {
    const size = Math.abs(middle(lags, i, i + side) - middle(lags, i - side, i));
    if (size > largest && size >= minStepSeconds) {
      largest = size;
      at = i;
    }
    // A step shows as long as it is near; then it is the place where it was largest.
    if (at !== undefined && (size < minStepSeconds || i - at >= side)) {
      steps.push(stamps[at][0]);
      i = Math.max(i, at + side);
      at = undefined;
      largest = 0;
    }
  }
  if (at !== undefined) steps.push(stamps[at][0]);
  return steps;
}

function middle(values, from, to) {
  return values.slice(from, to).sort((a, b) => a - b)[(to - from) >> 1];
}
