import type { ByteSource } from '../../inspection/byte-source.js';
import type { DecodedAudio, Pcm } from '../analysis.js';

const pieceBytes = 64 * 1024;
const formats = { pcm: 1, float: 3, extensible: 0xfffe };
const maxChannels = 8;

/** Reads a number of samples, interleaved. */
type ReadSample = (bytes: Buffer, offset: number) => number;

/** PCM with 8, 16, 24 and 32 bits, and floating point. The inspection has accepted the file's structure. */
export async function* decodeWav(file: ByteSource): DecodedAudio {
  let format: Buffer | undefined;
  for (let at = 12; at + 8 <= file.size;) {
    const header = file.exactly(at, 8);
    const id = header.toString('latin1', 0, 4);
    const length = header.readUInt32LE(4);
    at += 8;
    if (id === 'fmt ' && length >= 16) format ??= Buffer.from(file.at(at, Math.min(length, 40)));
    else if (id === 'data' && format !== undefined) {
      const end = length === 0 || length === 0xffffffff ? file.size : Math.min(file.size, at + length);
      yield* samplesOf(file, at, end, format);
      return;
    }
    at += length + (length % 2);
  }
}

async function* samplesOf(file: ByteSource, from: number, to: number, format: Buffer): DecodedAudio {
  const channelCount = format.readUInt16LE(2);
  const sampleRate = format.readUInt32LE(4);
  const frameBytes = format.readUInt16LE(12);
  const read = readerOf(format);
  const sampleBytes = frameBytes / channelCount;
  if (read === undefined || channelCount < 1 || channelCount > maxChannels || sampleRate === 0) {
    throw new Error('this kind of WAVE file is not decoded');
  }
  const step = Math.floor(pieceBytes / frameBytes) * frameBytes;
  for (let at = from; at + frameBytes <= to; at += step) {
    const bytes = file.at(at, Math.min(step, to - at));
    const frames = Math.floor(bytes.length / frameBytes);
    const channels = Array.from({ length: channelCount }, (_, channel) => {
      const samples = new Float32Array(frames);
      for (let frame = 0, offset = channel * sampleBytes; frame < frames; frame += 1, offset += frameBytes) {
        samples[frame] = read(bytes, offset);
      }
      return samples;
    });
    yield { channels, sampleRate, order: 'wave' } satisfies Pcm;
    // `samplesOf` does not wait for anything else.
    await Promise.resolve();
  }
}

/** Undefined for a format that is not decoded, or that contradicts itself. */
function readerOf(format: Buffer): ReadSample | undefined {
  let tag = format.readUInt16LE(0);
  if (tag === formats.extensible && format.length >= 26) tag = format.readUInt16LE(24);
  const bits = format.readUInt16LE(14);
  if (format.readUInt16LE(12) !== (bits / 8) * format.readUInt16LE(2)) return undefined;
  if (tag === formats.pcm) {
    if (bits === 8) return (bytes, offset) => (bytes[offset]! - 128) / 128;
    if (bits === 16) return (bytes, offset) => bytes.readInt16LE(offset) / 2 ** 15;
    if (bits === 24) return (bytes, offset) => bytes.readIntLE(offset, 3) / 2 ** 23;
    if (bits === 32) return (bytes, offset) => bytes.readInt32LE(offset) / 2 ** 31;
  }
  if (tag === formats.float) {
    if (bits === 32) return (bytes, offset) => bytes.readFloatLE(offset);
    if (bits === 64) return (bytes, offset) => bytes.readDoubleLE(offset);
  }
  return undefined;
}
