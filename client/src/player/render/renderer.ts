/** One voice's share of a rendered chunk. */
export interface RenderPart {
  voice: number;
  /** The voice's input sample, with fraction, that is heard at `offset`. */
  position: number;
  /** Input samples for each output frame. */
  step: number;
  /** Output frame of the chunk at which the part begins. */
  offset: number;
  frames: number;
  /** Gain of the part's first frame, and of the frame after its last; in between it changes linearly. */
  from: number;
  to: number;
}

/**
 * Holds the decoded audio of voices and resamples it: a windowed sinc of 32 taps (more when the rate goes down), whose
 * phase is computed from the position of each frame, so that parts which continue each other join without a seam.
 */
export interface Renderer {
  /** @param ratio input samples for each output frame, without correction */
  open(voice: number, ratio: number): void;
  /** Adds decoded audio that begins at the input sample `start`; more than two channels are mixed down. */
  push(voice: number, start: number, channels: Float32Array[]): void;
  /** Forgets the blocks that end before an input sample. */
  trim(voice: number, before: number): void;
  close(voice: number): void;
  /** Mixes the parts into two channels. Where a voice has no audio it is silent. */
  render(frames: number, parts: RenderPart[]): [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];
}

/**
 * The renderer. The function must not use anything outside itself: its source is also run in a worker made of a Blob.
 */
export function createRenderer(): Renderer {
  interface Block {
    start: number;
    left: Float32Array;
    right: Float32Array;
  }
  interface Kernel {
    /** Taps on each side. */
    half: number;
    /** `phases + 1` rows of `2 * half` taps. */
    table: Float32Array;
  }
  interface Voice {
    blocks: Block[];
    kernel: Kernel;
  }

  const phases = 512;
  const halfTaps = 16;
  /** Side lobes 90 dB down. */
  const beta = 9;
  /** Mixed down with the coefficients of the Web Audio specification. */
  const side = Math.SQRT1_2;
  const voices = new Map<number, Voice>();
  const kernels = new Map<number, Kernel>();
  let scratchLeft = new Float32Array(0);
  let scratchRight = new Float32Array(0);

  /** The modified Bessel function of the first kind, order 0. */
  function bessel(x: number): number {
    let sum = 1;
    let term = 1;
    for (let k = 1; term > sum * 1e-12; k += 1) {
      term *= (x / (2 * k)) ** 2;
      sum += term;
    }
    return sum;
  }

  function kernelFor(ratio: number): Kernel {
    // Below the input's Nyquist frequency only where the output's is lower; corrections of a rate do not count.
    const cutoff = ratio > 1.01 ? 1 / ratio : 1;
    const known = kernels.get(cutoff);
    if (known) return known;
    const half = Math.ceil(halfTaps / cutoff);
    const taps = 2 * half;
    const table = new Float32Array((phases + 1) * taps);
    const norm = bessel(beta);
    for (let phase = 0; phase <= phases; phase += 1) {
      for (let tap = 0; tap < taps; tap += 1) {
        const t = tap - half + 1 - phase / phases;
        const x = Math.PI * cutoff * t;
        const edge = t / half;
        const window = Math.abs(edge) >= 1 ? 0 : bessel(beta * Math.sqrt(1 - edge * edge)) / norm;
        table[phase * taps + tap] = (x === 0 ? 1 : Math.sin(x) / x) * cutoff * window;
      }
    }
    const kernel = { half, table };
    if (kernels.size >= 8) kernels.clear();
    kernels.set(cutoff, kernel);
    return kernel;
  }

  /** Copies `count` input samples from `from` on into the scratch arrays; zeros where there is no audio. */
  function gather(voice: Voice, from: number, count: number): void {
    if (scratchLeft.length < count) {
      scratchLeft = new Float32Array(count);
      scratchRight = new Float32Array(count);
    }
    scratchLeft.fill(0, 0, count);
    scratchRight.fill(0, 0, count);
    for (const { start, left, right } of voice.blocks) {
      const begin = Math.max(from, start);
      const end = Math.min(from + count, start + left.length);
      if (begin >= end) continue;
      scratchLeft.set(left.subarray(begin - start, end - start), begin - from);
      if (right !== left) scratchRight.set(right.subarray(begin - start, end - start), begin - from);
      else scratchRight.set(left.subarray(begin - start, end - start), begin - from);
    }
  }

  function add(part: RenderPart, outLeft: Float32Array, outRight: Float32Array): void {
    const voice = voices.get(part.voice);
    if (!voice || part.frames <= 0) return;
    const { half, table } = voice.kernel;
    const taps = 2 * half;
    const first = Math.floor(part.position) - half + 1;
    const last = Math.floor(part.position + (part.frames - 1) * part.step) + half;
    gather(voice, first, last - first + 1);
    const slope = (part.to - part.from) / part.frames;
    for (let frame = 0; frame < part.frames; frame += 1) {
      const position = part.position + frame * part.step;
      const whole = Math.floor(position);
      const phase = (position - whole) * phases;
      const row = Math.floor(phase);
      const between = phase - row;
      const a = row * taps;
      const b = a + taps;
      const at = whole - half + 1 - first;
      let left = 0;
      let right = 0;
      for (let tap = 0; tap < taps; tap += 1) {
        const low = table[a + tap]!;
        const weight = low + between * (table[b + tap]! - low);
        left += weight * scratchLeft[at + tap]!;
        right += weight * scratchRight[at + tap]!;
      }
      const gain = part.from + slope * frame;
      outLeft[part.offset + frame]! += gain * left;
      outRight[part.offset + frame]! += gain * right;
    }
  }

  function mixDown(channels: Float32Array[]): [Float32Array, Float32Array] {
    const [first, second] = channels as [Float32Array, Float32Array?];
    if (!second) return [first, first];
    if (channels.length !== 4 && channels.length !== 6) return [first, second];
    const surround = channels.length === 6;
    const mix = (front: Float32Array, back: Float32Array) =>
      front.map((value, i) =>
        surround ? value + side * (channels[2]![i]! + back[i]!) : 0.5 * (value + back[i]!),
      );
    return [mix(first, channels[surround ? 4 : 2]!), mix(second, channels[surround ? 5 : 3]!)];
  }

  return {
    open: (voice, ratio) => void voices.set(voice, { blocks: [], kernel: kernelFor(ratio) }),
    push(voice, start, channels) {
      const [left, right] = mixDown(channels);
      voices.get(voice)?.blocks.push({ start, left, right });
    },
    trim(voice, before) {
      const held = voices.get(voice);
      if (held) held.blocks = held.blocks.filter(({ start, left }) => start + left.length > before);
    },
    close: (voice) => void voices.delete(voice),
    render(frames, parts) {
      const left = new Float32Array(frames);
      const right = new Float32Array(frames);
      for (const part of parts) add(part, left, right);
      return [left, right];
    },
  };
}
