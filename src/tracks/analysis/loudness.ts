import type { TrackLoudness, Pcm } from './analysis.js';
import { TruePeakMeter } from './true-peak.js';

/*
 * Integrated loudness after ITU-R BS.1770-4: K-weighting, blocks of 400 ms that overlap by 75 %, a gate at -70 LUFS and
 * one 10 LU below the loudness of what passes the first. The filters are those of the recommendation, recomputed for
 * other rates than 48 kHz from their analogue parameters (as in libebur128).
 */

const { abs } = Math;

const hopSeconds = 0.1;
const hopsPerBlock = 4;
const absoluteGate = -70;
const relativeGate = -10;
const surroundWeight = 1.41;
/** Filters for other rates are not defined sensibly, and such files are no music. */
const [minRate, maxRate] = [8000, 384_000];

/** Sum of weighted mean squares to LUFS, and back. */
const lufsOf = (power: number): number => -0.691 + 10 * Math.log10(power);
const powerOf = (lufs: number): number => 10 ** ((lufs + 0.691) / 10);

/** Measures one track. All pieces must have the same format; otherwise there is no result. */
export class LoudnessMeter {
  #channels: ChannelMeter[] = [];
  #format = '';
  #valid = true;
  /** Weighted mean squares of stretches of 100 ms. */
  readonly #hops: number[] = [];
  #hopSum = 0;
  #hopCount = 0;

  add({ channels, sampleRate, order }: Pcm): void {
    const format = `${sampleRate} ${channels.length} ${order}`;
    if (this.#format === '') this.#begin(format, sampleRate, weightsOf(channels.length, order));
    if (!this.#valid || format !== this.#format) {
      this.#valid = false;
      return;
    }
    const hop = Math.round(sampleRate * hopSeconds);
    const length = channels[0]!.length;
    for (let at = 0; at < length;) {
      const end = Math.min(length, at + hop - this.#hopCount);
      this.#channels.forEach((meter, index) => {
        this.#hopSum += meter.power(channels[index]!, at, end);
      });
      this.#hopCount += end - at;
      at = end;
      if (this.#hopCount < hop) continue;
      this.#hops.push(this.#hopSum / hop);
      this.#hopSum = this.#hopCount = 0;
    }
    this.#channels.forEach((meter, index) => meter.peak.add(channels[index]!));
  }

  /** Null if nothing passes the gate. Rounded to hundredths. */
  get result(): TrackLoudness | null {
    if (!this.#valid) return null;
    const blocks: number[] = [];
    for (let end = hopsPerBlock; end <= this.#hops.length; end += 1) {
      let sum = 0;
      for (let hop = end - hopsPerBlock; hop < end; hop += 1) sum += this.#hops[hop]!;
      blocks.push(sum / hopsPerBlock);
    }
    const audible = meanAbove(blocks, powerOf(absoluteGate));
    const integrated = lufsOf(
      meanAbove(blocks, Math.max(powerOf(absoluteGate), audible * 10 ** (relativeGate / 10))),
    );
    const truePeak = 20 * Math.log10(Math.max(...this.#channels.map(({ peak }) => peak.peak)));
    if (!Number.isFinite(integrated) || !Number.isFinite(truePeak)) return null;
    return { integrated: rounded(integrated), truePeak: rounded(truePeak) };
  }

  #begin(format: string, sampleRate: number, weights: readonly number[]): void {
    this.#format = format;
    this.#valid = sampleRate >= minRate && sampleRate <= maxRate;
    if (this.#valid) this.#channels = weights.map((weight) => new ChannelMeter(sampleRate, weight));
  }
}

const rounded = (value: number): number => Math.round(value * 100) / 100;

/** NaN if there is none. */
function meanAbove(values: readonly number[], gate: number): number {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (!(value > gate)) continue;
    sum += value;
    count += 1;
  }
  return sum / count;
}

/** A track with one channel plays on both speakers, so it counts twice. The low frequency channel does not count. */
function weightsOf(channels: number, order: Pcm['order']): number[] {
  if (channels === 1) return [2];
  if (channels <= 3) return new Array<number>(channels).fill(1);
  const lowFrequency = channels < 6 ? -1 : order === 'wave' ? 3 : channels - 1;
  const front = channels === 4 ? 2 : order === 'wave' && channels >= 6 ? 4 : 3;
  return Array.from({ length: channels }, (_, index) =>
    index === lowFrequency ? 0 : index < front ? 1 : surroundWeight,
  );
}

/** The K-weighting of one channel, and its true peak. */
class ChannelMeter {
  readonly peak = new TruePeakMeter();
  readonly #b: readonly [number, number, number];
  readonly #a: readonly [number, number, number, number];
  /** States of the two filters, transposed direct form II; the second has the numerator 1, -2, 1. */
  #s1 = 0;
  #s2 = 0;
  #s3 = 0;
  #s4 = 0;

  constructor(
    sampleRate: number,
    private readonly weight: number,
  ) {
    const shelf = Math.tan((Math.PI * 1681.974450955533) / sampleRate);
    const shelfQ = 0.7071752369554196;
    const high = 10 ** (3.999843853973347 / 20);
    const band = high ** 0.4996667741545416;
    const a0 = 1 + shelf / shelfQ + shelf ** 2;
    this.#b = [
      (high + (band * shelf) / shelfQ + shelf ** 2) / a0,
      (2 * (shelf ** 2 - high)) / a0,
      (high - (band * shelf) / shelfQ + shelf ** 2) / a0,
    ];
    const pass = Math.tan((Math.PI * 38.13547087602444) / sampleRate);
    const passQ = 0.5003270373238773;
    const c0 = 1 + pass / passQ + pass ** 2;
    this.#a = [
      (2 * (shelf ** 2 - 1)) / a0,
      (1 - shelf / shelfQ + shelf ** 2) / a0,
      (2 * (pass ** 2 - 1)) / c0,
      (1 - pass / passQ + pass ** 2) / c0,
    ];
  }

  /** The weighted sum of squares of the samples from `from` to before `to`. */
  power(samples: Float32Array, from: number, to: number): number {
    const [b0, b1, b2] = this.#b;
    const [a1, a2, c1, c2] = this.#a;
    let [s1, s2, s3, s4] = [this.#s1, this.#s2, this.#s3, this.#s4];
    let sum = 0;
    for (let i = from; i < to; i += 1) {
      const x = samples[i]!;
      const y = b0 * x + s1;
      s1 = b1 * x - a1 * y + s2;
      s2 = b2 * x - a2 * y;
      const z = y + s3;
      s3 = -2 * y - c1 * z + s4;
      s4 = y - c2 * z;
      sum += z * z;
    }
    // Without this, silence after sound would be computed with denormal numbers, which is slow.
    const flushed = (value: number) => (abs(value) < 1e-15 ? 0 : value);
    [this.#s1, this.#s2, this.#s3, this.#s4] = [flushed(s1), flushed(s2), flushed(s3), flushed(s4)];
    return this.weight * sum;
  }
}
