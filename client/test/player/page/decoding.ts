import type { AudioSlices, Slice } from '../../../src/player/media/audio-slices.js';
import { bytesInMemory } from '../../../src/player/media/byte-source.js';
import { openAudio } from '../../../src/player/media/open-audio.js';
import { decodeFile, SliceDecoder } from '../../../src/player/media/slice-decoder.js';
import { contentChannels } from '../content.js';

export interface Comparison {
  codec: string;
  sampleRate: number;
  /** Samples of all slices. */
  length: number;
  slices: number;
  /** Samples by which the slices are later than the whole file as the browser decodes it. */
  lagOfWhole: number;
  /** The largest difference to the whole file, that lag apart. */
  difference: number;
  /** Samples, with fraction, by which the slices are later than the content. */
  lagOfContent: number;
  /** Largest time without an answer of the main thread, in ms. */
  blockedMs: number;
}

const fetchBytes = async (file: string) => new Uint8Array(await (await fetch(`/${file}`)).arrayBuffer());
const decoder = new SliceDecoder(decodeFile, () => Promise.resolve(0));

/** Decodes a track slice by slice, from a sample on. */
export async function decodeSlices(
  slices: AudioSlices,
  from = 0,
): Promise<{ first: number; left: Float32Array; slices: Slice[] }> {
  const parts: Float32Array[] = [];
  const all: Slice[] = [];
  for (let at = from; ;) {
    const slice = await slices.sliceAt(at);
    if (!slice) break;
    if (all.length > 0 && slice.start !== at) {
      throw new Error(`a slice begins at ${slice.start}, not at ${at}`);
    }
    at = slice.start + slice.length;
    all.push(slice);
    parts.push((await decoder.samplesOf(slices, slice))[0]!);
  }
  const left = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    left.set(part, at);
    at += part.length;
  }
  return { first: all[0]?.start ?? 0, left, slices: all };
}

/** The shift of `b` against `a`, within ± `most` samples, at which their first second is most alike; with fraction. */
export function lagOf(a: Float32Array, b: Float32Array, most: number): number {
  const from = most;
  const to = Math.min(a.length, b.length, most + 50_000) - most;
  const likeness = (lag: number) => {
    let sum = 0;
    for (let i = from; i < to; i += 1) sum += a[i]! * b[i + lag]!;
    return sum;
  };
  let best = 0;
  let bestValue = -Infinity;
  for (let lag = -most; lag <= most; lag += 1) {
    const value = likeness(lag);
    if (value > bestValue) [best, bestValue] = [lag, value];
  }
  const [before, after] = [likeness(best - 1), likeness(best + 1)];
  return best + (0.5 * (before - after)) / (before - 2 * bestValue + after);
}

/** Compares a file's slices with the whole file, and with the content that it was made of. */
export async function compare(file: string): Promise<Comparison> {
  const bytes = await fetchBytes(file);
  let blockedMs = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    blockedMs = Math.max(blockedMs, performance.now() - last);
    last = performance.now();
  }, 1);
  const slices = await openAudio(bytesInMemory(bytes));
  const decoded = await decodeSlices(slices);
  clearInterval(timer);
  const whole = (await decodeFile(bytes.slice(), slices.sampleRate)).getChannelData(0);
  const lagOfWhole = Math.round(lagOf(whole, decoded.left, 1500)) || 0;
  let difference = 0;
  for (let i = Math.max(0, -lagOfWhole); i < whole.length && i + lagOfWhole < decoded.left.length; i += 1) {
    difference = Math.max(difference, Math.abs(whole[i]! - decoded.left[i + lagOfWhole]!));
  }
  const seconds = decoded.left.length / slices.sampleRate;
  return {
    codec: slices.codec,
    sampleRate: slices.sampleRate,
    length: decoded.left.length,
    slices: decoded.slices.length,
    lagOfWhole,
    difference,
    lagOfContent: lagOf(contentChannels(seconds, slices.sampleRate)[0], decoded.left, 1500),
    blockedMs,
  };
}

/** Whether decoding from a sample on gives the same samples as decoding from the start. */
export async function compareFrom(
  file: string,
  seconds: number,
): Promise<{ first: number; difference: number }> {
  const bytes = await fetchBytes(file);
  const all = await decodeSlices(await openAudio(bytesInMemory(bytes)));
  const slices = await openAudio(bytesInMemory(bytes));
  const part = await decodeSlices(slices, Math.round(seconds * slices.sampleRate));
  let difference = Math.abs(part.first + part.left.length - all.left.length);
  part.left.forEach((value, i) => {
    difference = Math.max(difference, Math.abs(value - (all.left[part.first + i] ?? 9)));
  });
  return { first: part.first / slices.sampleRate, difference };
}
