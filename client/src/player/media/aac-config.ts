import { Unplayable } from './byte-source.js';
import { aacRates } from './mpeg-frames.js';

/** What a decoder has to know of an AAC stream. */
export interface AacConfig {
  /** Index of the core's rate in `aacRates`. */
  rateIndex: number;
  channels: number;
  /** Profile as ADTS has it: object type − 1. */
  profile: number;
  /** Samples a second that are decoded: twice the core's with spectral band replication. */
  sampleRate: number;
  /** Samples that a frame decodes to. */
  frameSamples: number;
}

/** Reads bits from the front of a few bytes; behind them are zeros. */
function bitReader(bytes: Uint8Array): (bits: number) => number {
  let at = 0;
  return (bits) => {
    let value = 0;
    for (let bit = 0; bit < bits; bit += 1, at += 1) {
      value = value * 2 + (((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1);
    }
    return value;
  };
}

/** Spectral band replication, and the same with parametric stereo. */
const replicated = new Set([5, 29]);
const syncExtension = 0x2b7;

/**
 * Reads an AudioSpecificConfig.
 * @throws {Unplayable} unsupported for what ADTS frames cannot express
 */
export function readAacConfig(bytes: Uint8Array): AacConfig {
  const read = bitReader(bytes);
  const objectType = () => {
    const type = read(5);
    return type === 31 ? 32 + read(6) : type;
  };
  let type = objectType();
  const rateIndex = read(4);
  const channels = read(4);
  const coreRate = aacRates[rateIndex];
  let sampleRate = coreRate;
  if (replicated.has(type)) {
    sampleRate = aacRates[read(4)];
    type = objectType();
  }
  const shortFrames = read(1) === 1;
  read(2);
  if (sampleRate === coreRate && read(11) === syncExtension && objectType() === 5 && read(1) === 1) {
    sampleRate = aacRates[read(4)];
  }
  if (type < 1 || type > 4 || !coreRate || !sampleRate || channels < 1 || channels > 7 || shortFrames) {
    throw new Unplayable('unsupported');
  }
  const frameSamples = sampleRate === 2 * coreRate ? 2048 : 1024;
  return {
    rateIndex,
    channels,
    profile: type - 1,
    sampleRate: frameSamples === 2048 ? sampleRate : coreRate,
    frameSamples,
  };
}

/** The ADTS header for a frame of so many bytes. */
export function adtsHeader({ profile, rateIndex, channels }: AacConfig, bytes: number): Uint8Array {
  const size = bytes + 7;
  return Uint8Array.of(
    0xff,
    0xf1,
    (profile << 6) | (rateIndex << 2) | (channels >> 2),
    ((channels & 3) << 6) | (size >> 11),
    (size >> 3) & 0xff,
    ((size & 7) << 5) | 0x1f,
    0xfc,
  );
}
