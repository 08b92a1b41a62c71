import type { AudioSlices, Slice } from './audio-slices.js';
import { type ByteSource, Unplayable } from './byte-source.js';
import { asciiBytes, joinBytes, latin1, viewOf } from './bytes.js';

/** PCM and float; the extensible format has one of them in its sub-format. */
const formats = new Set([1, 3, 0xfffe]);
const maxChunks = 1000;
const maxSliceBytes = 1024 * 1024;

/**
 * Takes a WAV file apart (RIFF and RF64, PCM and float).
 * @throws {Unplayable} unsupported, damaged, too_complex
 */
export async function openWav(file: ByteSource): Promise<AudioSlices> {
  let format: Uint8Array | undefined;
  let at = 12;
  for (let chunk = 0; chunk < maxChunks; chunk += 1) {
    const header = await file.read(at, 8);
    if (header.length < 8) break;
    const type = latin1(header, 0, 4);
    const size = viewOf(header).getUint32(4, true);
    if (type === 'fmt ') format = await file.read(at + 8, Math.min(size, 40));
    if (type === 'data') {
      if (format === undefined || format.length < 16) {
        throw new Unplayable('damaged');
      }
      return new WavSlices(file, format, at + 8, size);
    }
    at += 8 + size + (size % 2);
  }
  throw new Unplayable(at < file.size ? 'too_complex' : 'damaged');
}

/** A WAV file: each slice is a header and up to a second of the samples as they are. */
class WavSlices implements AudioSlices {
  readonly codec = 'pcm';
  readonly sampleRate: number;
  readonly channels: number;
  readonly length: number;
  readonly #format: Uint8Array;
  readonly #frameBytes: number;

  constructor(
    private readonly file: ByteSource,
    format: Uint8Array,
    private readonly start: number,
    size: number,
  ) {
    const view = viewOf(format);
    this.#format = format;
    this.channels = view.getUint16(2, true);
    this.sampleRate = view.getUint32(4, true);
    this.#frameBytes = view.getUint16(12, true);
    const bits = view.getUint16(14, true);
    if (!formats.has(view.getUint16(0, true))) {
      throw new Unplayable('unsupported');
    }
    if (
      this.channels === 0 ||
      this.sampleRate === 0 ||
      bits === 0 ||
      this.#frameBytes !== (this.channels * bits) / 8
    ) {
      throw new Unplayable('damaged');
    }
    // A size of 0 or 2^32 − 1 is that of a file whose writer did not know the size, or of more than 4 GiB.
    const known = size > 0 && size < 0xffffffff;
    const bytes = Math.min(known ? size : Infinity, Math.max(0, file.size - start));
    this.length = Math.floor(bytes / this.#frameBytes);
  }

  async sliceAt(sample: number): Promise<Slice | null> {
    if (!(sample >= 0 && sample < this.length)) return null;
    const perSlice = Math.min(this.sampleRate, Math.floor(maxSliceBytes / this.#frameBytes));
    const start = Math.floor(sample / perSlice) * perSlice;
    const length = Math.min(perSlice, this.length - start);
    const data = await this.file.read(this.start + start * this.#frameBytes, length * this.#frameBytes);
    return { bytes: wavFile(this.#format, data), start, skip: 0, length };
  }
}

/** A WAV file of a `fmt ` chunk's content and samples. */
export function wavFile(format: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const chunk = (type: string, size: number) => {
    const header = joinBytes([asciiBytes(type), new Uint8Array(4)]);
    viewOf(header).setUint32(4, size, true);
    return header;
  };
  return joinBytes([
    chunk('RIFF', 20 + format.length + data.length),
    asciiBytes('WAVE'),
    chunk('fmt ', format.length),
    format,
    chunk('data', data.length),
    data,
  ]);
}
