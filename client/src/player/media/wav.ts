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
      return wavSlices(file, format, at + 8, size);
    }
    at += 8 + size + (size % 2);
  }
  throw new Unplayable(at < file.size ? 'too_complex' : 'damaged');
}

/** Slices of a WAV file: each is a header and up to a second of the samples as they are. */
function wavSlices(file: ByteSource, format: Uint8Array, dataAt: number, size: number): AudioSlices {
  const view = viewOf(format);
  const channels = view.getUint16(2, true);
  const sampleRate = view.getUint32(4, true);
  const frameBytes = view.getUint16(12, true);
  const bits = view.getUint16(14, true);
  if (!formats.has(view.getUint16(0, true))) throw new Unplayable('unsupported');
  if (frameBytes === 0 || sampleRate === 0 || frameBytes !== (channels * bits) / 8) {
    throw new Unplayable('damaged');
  }
  // A size of 0 or 2^32 − 1 is that of a file whose writer did not know the size, or of more than 4 GiB.
  const known = size > 0 && size < 0xffffffff ? size : Infinity;
  const length = Math.floor(Math.max(0, Math.min(known, file.size - dataAt)) / frameBytes);
  const perSlice = Math.min(sampleRate, Math.floor(maxSliceBytes / frameBytes));

  async function sliceAt(sample: number): Promise<Slice | null> {
    if (!(sample >= 0 && sample < length)) return null;
    const start = Math.floor(sample / perSlice) * perSlice;
    const samples = Math.min(perSlice, length - start);
    const data = await file.read(dataAt + start * frameBytes, samples * frameBytes);
    return { bytes: wavFile(format, data), start, skip: 0, length: samples };
  }
  return { codec: 'pcm', sampleRate, channels, length, sliceAt };
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
