/** Upper bounds of the buckets: 0.1 ms to about 105 s, each twice the previous one. */
export const boundsSeconds: readonly number[] = Array.from({ length: 21 }, (_, index) => 0.0001 * 2 ** index);

/** A histogram of durations in seconds. Takes constant memory; recording increments one bucket. */
export class Histogram {
  /** Number of durations per bucket: above the previous bound, up to this one. The last is above all bounds. */
  readonly counts = new Float64Array(boundsSeconds.length + 1);
  sum = 0;
  count = 0;

  record(seconds: number): void {
    const index = seconds <= boundsSeconds[0]! ? 0 : Math.ceil(Math.log2(seconds / boundsSeconds[0]!));
    this.counts[Math.min(index, boundsSeconds.length)]! += 1;
    this.sum += seconds;
    this.count += 1;
  }

  add(other: Histogram): void {
    for (let i = 0; i < this.counts.length; i += 1) this.counts[i]! += other.counts[i]!;
    this.sum += other.sum;
    this.count += other.count;
  }

  /** The lowest bound, in seconds, that a share `q` (0 to 1) of the durations does not exceed; null if there are none. */
  quantile(q: number): number | null {
    if (this.count === 0) return null;
    let seen = 0;
    for (let i = 0; i < boundsSeconds.length; i += 1) {
      seen += this.counts[i]!;
      if (seen >= q * this.count) return boundsSeconds[i]!;
    }
    return boundsSeconds.at(-1)!;
  }
}
