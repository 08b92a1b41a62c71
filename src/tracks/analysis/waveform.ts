import { type Pcm, waveformPeaks } from './analysis.js';

const { abs } = Math;

/** Of a peak: more than the error of sums of floating point numbers, less than a sample. */
const rounding = 1e-6;

/** Finds the peaks of a track of known duration. One instance per track. */
export class WaveformMeter {
  readonly #peaks = new Float32Array(waveformPeaks);
  /** Seconds so far. */
  #time = 0;

  /** @param duration seconds; what follows later counts for the last peak */
  constructor(private readonly duration: number) {}

  /** Seconds that were added. */
  get seconds(): number {
    return this.#time;
  }

  add({ channels, sampleRate }: Pcm): void {
    const length = channels[0]!.length;
    const perSample = waveformPeaks / this.duration / sampleRate;
    let position = (this.#time / this.duration) * waveformPeaks;
    for (let at = 0; at < length;) {
      const index = Math.min(waveformPeaks - 1, Math.floor(position + rounding));
      // The samples up to the next peak, at least one.
      const count =
        index === waveformPeaks - 1 ? length - at : Math.ceil((index + 1 - position - rounding) / perSample);
      const end = Math.min(length, at + Math.max(1, count));
      for (const samples of channels) {
        let peak = this.#peaks[index]!;
        for (let i = at; i < end; i += 1) {
          const value = abs(samples[i]!);
          if (value > peak) peak = value;
        }
        this.#peaks[index] = peak;
      }
      position += (end - at) * perSample;
      at = end;
    }
    this.#time += length / sampleRate;
  }

  /** Hundredths of full scale. */
  get peaks(): number[] {
    return Array.from(this.#peaks, (peak) => Math.min(100, Math.round(peak * 100)));
  }
}
