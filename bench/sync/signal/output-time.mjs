import { findSteps } from './output-steps.mjs';

/** Stamps this far before and after a frame decide when it was heard. */
const reachSeconds = 10;
const passes = 4;
/** Stamps that are more median deviations away than this have no weight. */
const cutoff = 5;
const minStamps = 8;
/** Stamps of less time, between two stalls, do not tell a slope. */
const minSlopeSeconds = 3;

/**
 * Tells when frames of an audio context were heard, from readings of `getOutputTimestamp` before and after them. It is
 * made when everything has been played, and shares nothing with the player's clock: it also knows what came later. Where
 * the output stood still for a moment, the stamps before and after it say nothing about each other.
 */
export class OutputTime {
  #stamps;
  #lines = new Map();
  /** Context times at which the output went on after a stall. */
  #steps;

  /** @param stamps pairs of seconds in order: context time, and the time at which it is heard */
  constructor(stamps) {
    this.#stamps = stamps.filter(
      ([contextTime], index) => contextTime > 0 && contextTime > (stamps[index - 1]?.[0] ?? 0),
    );
    if (this.#stamps.length < minStamps) throw new Error(`only ${this.#stamps.length} output time stamps`);
    this.#steps = findSteps(this.#stamps);
  }

  /** When a context time is heard. */
  heardAt(contextTime) {
    const { origin, value, slope } = this.#lineAt(contextTime);
    return contextTime + value + slope * (contextTime - origin);
  }

  /** The context time that is heard at a time. */
  contextTimeAt(time) {
    const [first] = this.#stamps;
    let contextTime = first[0] + (time - first[1]);
    for (let i = 0; i < 3; i += 1) contextTime += time - this.heardAt(contextTime);
    return contextTime;
  }

  /** Standard deviation of the stamps from the lines through them, in seconds; outliers do not count. */
  get spread() {
    const residuals = this.#stamps.map(([contextTime, time]) => Math.abs(time - this.heardAt(contextTime)));
    return 1.4826 * middle(residuals);
  }

  /** The largest distance of a stamp, in seconds: an output that stood still for a moment shows here. */
  get largestDeviation() {
    return Math.max(...this.#stamps.map(([contextTime, time]) => Math.abs(time - this.heardAt(contextTime))));
  }

  /** When the output stood still between two times, as the times at which it went on. */
  stallsBetween(from, to) {
    return this.#steps.map((step) => this.heardAt(step)).filter((time) => time >= from && time < to);
  }

  /** Lines are fitted for each whole second, and between two stalls apart. */
  #lineAt(contextTime) {
    const centre = Math.round(contextTime);
    const part = this.#steps.filter((step) => step <= contextTime).length;
    const key = `${centre} ${part}`;
    let line = this.#lines.get(key);
    if (!line) {
      line = fit(this.#around(centre, this.#steps[part - 1] ?? -Infinity, this.#steps[part] ?? Infinity));
      this.#lines.set(key, line);
    }
    return line;
  }

  #around(centre, from, to) {
    const stamps = this.#stamps.filter(([contextTime]) => contextTime >= from && contextTime < to);
    const near = stamps.filter(([contextTime]) => Math.abs(contextTime - centre) <= reachSeconds);
    if (near.length >= minStamps) return near;
    return centre < stamps[0][0] ? stamps.slice(0, minStamps) : stamps.slice(-minStamps);
  }
}

/** Least squares, repeated without what is far off. x: context time; y: time − context time. */
function fit(stamps) {
  const points = stamps.map(([contextTime, time]) => ({ x: contextTime, y: time - contextTime }));
  let line = { origin: 0, value: middle(points.map(({ y }) => y)), slope: 0 };
  if (points.at(-1).x - points[0].x < minSlopeSeconds) return line;
  for (let pass = 0; pass < passes; pass += 1) {
    const { origin, value, slope } = line;
    const distances = points.map(({ x, y }) => Math.abs(y - value - slope * (x - origin)));
    const limit = cutoff * middle(distances);
    line = leastSquares(points.filter((_, index) => distances[index] <= limit));
  }
  return line;
}

function leastSquares(points) {
  const mean = (of) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const origin = mean(({ x }) => x);
  const value = mean(({ y }) => y);
  const variance = mean(({ x }) => (x - origin) ** 2);
  const slope = variance === 0 ? 0 : mean(({ x, y }) => (x - origin) * (y - value)) / variance;
  return { origin, value, slope };
}

const middle = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
