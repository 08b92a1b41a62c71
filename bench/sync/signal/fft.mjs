/** Fourier transforms of one size, in place. The size is a power of two. */
export class Fft {
  #cos;
  #sin;
  #reversed;

  constructor(size) {
    if (size < 2 || (size & (size - 1)) !== 0) throw new RangeError(`${size} is not a power of two`);
    this.size = size;
    this.#cos = Float64Array.from({ length: size / 2 }, (_, i) => Math.cos((2 * Math.PI * i) / size));
    this.#sin = Float64Array.from({ length: size / 2 }, (_, i) => Math.sin((2 * Math.PI * i) / size));
    const bits = Math.log2(size);
    this.#reversed = new Uint32Array(size);
    for (let i = 1; i < size; i += 1) {
      this.#reversed[i] = (this.#reversed[i >> 1] >> 1) | ((i & 1) << (bits - 1));
    }
  }

  /** Replaces real and imaginary parts by their transform. */
  forward(re, im) {
    const { size } = this;
    for (let i = 0; i < size; i += 1) {
      const j = this.#reversed[i];
      if (j <= i) continue;
      [re[i], re[j]] = [re[j], re[i]];
      [im[i], im[j]] = [im[j], im[i]];
    }
    for (let half = 1; half < size; half *= 2) {
      const step = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let i = start, k = 0; i < start + half; i += 1, k += step) {
          const cos = this.#cos[k];
          const sin = -this.#sin[k];
          const j = i + half;
          const x = re[j] * cos - im[j] * sin;
          const y = re[j] * sin + im[j] * cos;
          re[j] = re[i] - x;
          im[j] = im[i] - y;
          re[i] += x;
          im[i] += y;
        }
      }
    }
  }

  /** The inverse of `forward`. */
  inverse(re, im) {
    this.forward(im, re);
    for (let i = 0; i < this.size; i += 1) {
      re[i] /= this.size;
      im[i] /= this.size;
    }
  }
}
