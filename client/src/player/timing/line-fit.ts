/** A line `y = value + slope · (x − origin)`. */
export interface Line {
  origin: number;
  value: number;
  slope: number;
}

export interface Point {
  x: number;
  y: number;
}

/** Passes of reweighting; the weights have settled after three. */
const passes = 4;
/** Tukey's constant: residuals beyond so many robust deviations have no weight. */
const cutoff = 4.685;
/** The median of absolute deviations of a normal distribution is its σ divided by this. */
const madToSigma = 1.4826;

/** The middle value; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export const lineAt = (line: Line, x: number): number => line.value + line.slope * (x - line.origin);

/**
 * Fits a line to points in the order of x, of which up to a third may be far off: least squares, reweighted by
 * Tukey's biweight. The origin is the mean of x.
 * @returns undefined without points
 */
export function fitLine(points: readonly Point[]): Line | undefined {
  if (points.length === 0) return undefined;
  let line = roughLine(points);
  for (let pass = 0; pass < passes; pass += 1) {
    const residuals = points.map(({ x, y }) => y - lineAt(line, x));
    const centre = median(residuals);
    const spread = madToSigma * median(residuals.map((residual) => Math.abs(residual - centre)));
    const limit = cutoff * spread;
    line = weightedLine(points, (index) => {
      if (limit === 0) return residuals[index] === centre ? 1 : 1e-9;
      const u = (residuals[index]! - centre) / limit;
      return Math.abs(u) >= 1 ? 0 : (1 - u * u) ** 2;
    });
  }
  return line;
}

/** The line through the medians of the first and the last third. */
function roughLine(points: readonly Point[]): Line {
  const third = Math.max(1, Math.floor(points.length / 3));
  const middle = (part: readonly Point[]) => ({
    x: median(part.map(({ x }) => x)),
    y: median(part.map(({ y }) => y)),
  });
  const first = middle(points.slice(0, third));
  const last = middle(points.slice(-third));
  const slope = last.x === first.x ? 0 : (last.y - first.y) / (last.x - first.x);
  return { origin: first.x, value: first.y, slope };
}

function weightedLine(points: readonly Point[], weightOf: (index: number) => number): Line {
  let sum = 0;
  let sumX = 0;
  let sumY = 0;
  const weights = points.map((_, index) => weightOf(index));
  points.forEach(({ x, y }, index) => {
    sum += weights[index]!;
    sumX += weights[index]! * x;
    sumY += weights[index]! * y;
  });
  const origin = sumX / sum;
  const value = sumY / sum;
  let sumXX = 0;
  let sumXY = 0;
  points.forEach(({ x, y }, index) => {
    sumXX += weights[index]! * (x - origin) ** 2;
    sumXY += weights[index]! * (x - origin) * (y - value);
  });
  return { origin, value, slope: sumXX === 0 ? 0 : sumXY / sumXX };
}
