/** Upper bounds in seconds: 0.1 ms to about 105 s, each twice the one before. */
export const bounds: readonly number[] = Array.from({ length: 21 }, (_, index) => 0.0001 * 2 ** index);

/** Counts of durations by size: constant memory, one addition for each. */
export class Histogram {
  /** How many lay at or below each bound and above the one before; the last counts what lay above all. */
  readonly counts = new Float64Array(bounds.length + 1);
  sum = 0;
  count = 0;

  record(seconds: number): void {
    const index = seconds <= bounds[0]! ? 0 : Math.ceil(Math.log2(seconds / bounds[0]!));
    this.counts[Math.min(index, bounds.length)]! += 1;
    this.sum += seconds;
    this.count += 1;
  }

  add(other: Histogram): void {
    for (let i = 0; i < this.counts.length; i += 1) this.counts[i]! += other.counts[i]!;
    this.sum += other.sum;
    this.count += other.count;
  }

  /** The bound below which the share `q` (0 to 1) of all lies, in seconds; null where there is none. */
  quantile(q: number): number | null {
    if (this.count === 0) return null;
    let seen = 0;
    for (let i = 0; i < bounds.length; i += 1) {
      seen += this.counts[i]!;
      if (seen >= q * this.count) return bounds[i]!;
    }
    return bounds.at(-1)!;
  }
}
