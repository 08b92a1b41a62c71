const { abs, max } = Math;

const oversampling = 4;
/** Taps of each phase, 48 in total as in the filter of BS.1770-4. */
const taps = 12;
/** Samples that are looked at together. */
const blockSamples = 16;

/** The phases between two samples: a windowed sinc (Hann), each normalised to a gain of 1 at 0 Hz. */
const phases = Array.from({ length: oversampling - 1 }, (_, index) => {
  const delay = (index + 1) / oversampling;
  const phase = Float64Array.from({ length: taps }, (_tap, tap) => {
    const x = tap - taps / 2 + 1 - delay;
    return (Math.sin(Math.PI * x) / (Math.PI * x)) * Math.cos((Math.PI * x) / (taps + 1)) ** 2;
  });
  const sum = phase.reduce((total, value) => total + value, 0);
  return phase.map((value) => value / sum);
});
/** No sample between others can exceed the largest of them times this. */
const maxGain = Math.max(...phases.map((phase) => phase.reduce((sum, value) => sum + abs(value), 0)));

/**
 * The true peak of one channel: the largest value at four times the sample rate (ITU-R BS.1770-4, annex 2, with a filter
 * of its own of the same length). Stretches that cannot exceed the peak so far are not interpolated; that does not change
 * the result. One instance per channel.
 */
export class TruePeakMeter {
  #peak = 0;
  /** The end of the previous samples, then the samples. */
  #buffer = new Float32Array(taps - 1);

  /** Linear. */
  get peak(): number {
    return this.#peak;
  }

  add(samples: Float32Array): void {
    const kept = taps - 1;
    const buffer = new Float32Array(kept + samples.length);
    buffer.set(this.#buffer.subarray(this.#buffer.length - kept));
    buffer.set(samples, kept);
    this.#buffer = buffer;
    for (let from = kept; from < buffer.length; from += blockSamples) {
      const to = Math.min(buffer.length, from + blockSamples);
      let largest = 0;
      for (let i = from - kept; i < to; i += 1) {
        const value = abs(buffer[i]!);
        if (value > largest) largest = value;
      }
      if (largest > this.#peak) this.#peak = largest;
      if (largest * maxGain > this.#peak) this.#interpolate(buffer, from, to);
    }
  }

  #interpolate(buffer: Float32Array, from: number, to: number): void {
    const [first, second, third] = phases as [Float64Array, Float64Array, Float64Array];
    for (let end = from; end < to; end += 1) {
      let a = 0;
      let b = 0;
      let c = 0;
      for (let tap = 0, at = end - taps + 1; tap < taps; tap += 1, at += 1) {
        const sample = buffer[at]!;
        a += first[tap]! * sample;
        b += second[tap]! * sample;
        c += third[tap]! * sample;
      }
      const value = max(abs(a), abs(b), abs(c));
      if (value > this.#peak) this.#peak = value;
    }
  }
}
