import type { AudioCodec } from './audio-slices.js';
import { Unplayable } from './byte-source.js';
import { asciiBytes, latin1, viewOf } from './bytes.js';

/** A codec in Ogg: what of its packets has to be known to cut a stream. */
export interface OggCodec {
  codec: AudioCodec;
  sampleRate: number;
  channels: number;
  /** Header packets, the first one included. */
  headers: number;
  /** Decoded samples before the first one that is to be heard. */
  preSkip: number;
  /** Samples that have to be decoded before others are right. */
  preRoll: number;
  /**
   * Samples that a packet decodes to.
   * @param previous the packet before it; undefined at the beginning, where a Vorbis packet decodes to nothing
   */
  samplesOf(packet: Uint8Array, previous: Uint8Array | undefined): number;
  /** The header packets for a slice, which begins at sample 0 and has no comments. */
  sliceHeaders(): Uint8Array[];
}

/** The codec that the first packet of a stream declares; undefined for another one. */
export function isKnownCodec(identification: Uint8Array): boolean {
  return isOpus(identification) || isVorbis(identification);
}

const isOpus = (packet: Uint8Array) => latin1(packet, 0, 8) === 'OpusHead' && packet.length >= 19;
const isVorbis = (packet: Uint8Array) => latin1(packet, 0, 7) === '\x01vorbis' && packet.length >= 30;
export const headerCount = (identification: Uint8Array): number => (isOpus(identification) ? 2 : 3);

/** @throws {Unplayable} damaged */
export function readCodec(headers: readonly Uint8Array[]): OggCodec {
  return isOpus(headers[0]!) ? opusCodec(headers[0]!) : vorbisCodec(headers[0]!, headers[2]!);
}

/** Opus always decodes to 48 kHz. */
const opusRate = 48_000;
const emptyOpusTags = [...asciiBytes('OpusTags'), 0, 0, 0, 0, 0, 0, 0, 0];

function opusCodec(head: Uint8Array): OggCodec {
  const view = viewOf(head);
  return {
    codec: 'opus',
    sampleRate: opusRate,
    channels: head[9]!,
    headers: 2,
    preSkip: view.getUint16(10, true),
    // 80 ms, as its specification asks for.
    preRoll: 0.08 * opusRate,
    samplesOf(packet) {
      const toc = packet[0];
      if (toc === undefined) return 0;
      const config = toc >> 3;
      let milliseconds: number;
      if (config < 12) milliseconds = [10, 20, 40, 60][config & 3]!;
      else if (config < 16) milliseconds = [10, 20][config & 1]!;
      else milliseconds = 2.5 * 2 ** (config & 3);
      const code = toc & 3;
      const frames = code === 3 ? (packet[1] ?? 0) & 63 : Math.min(code, 1) + 1;
      return (Math.min(120, frames * milliseconds) * opusRate) / 1000;
    },
    sliceHeaders() {
      // Nothing is skipped by the decoder: what is, is known here.
      const changed = head.slice();
      changed.fill(0, 10, 12);
      return [changed, Uint8Array.from(emptyOpusTags)];
    },
  };
}

const emptyVorbisComment = [3, ...asciiBytes('vorbis'), 0, 0, 0, 0, 0, 0, 0, 0, 1];

function vorbisCodec(identification: Uint8Array, setup: Uint8Array): OggCodec {
  const view = viewOf(identification);
  const sampleRate = view.getUint32(12, true);
  const sizes = [1 << (identification[28]! & 15), 1 << (identification[28]! >> 4)];
  const longModes = readModes(setup);
  const modeBits = 32 - Math.clz32(longModes.length - 1);
  if (sampleRate === 0 || identification[11] === 0) {
    throw new Unplayable('damaged');
  }
  const blockOf = (packet: Uint8Array) => {
    const mode = ((packet[0] ?? 0) >> 1) & ((1 << modeBits) - 1);
    return sizes[longModes[mode] ? 1 : 0]!;
  };
  return {
    codec: 'vorbis',
    sampleRate,
    channels: identification[11]!,
    headers: 3,
    preSkip: 0,
    // One packet, with which the first one overlaps.
    preRoll: 1,
    samplesOf: (packet, previous) => (previous ? (blockOf(previous) + blockOf(packet)) / 4 : 0),
    sliceHeaders: () => [identification, Uint8Array.from(emptyVorbisComment), setup],
  };
}

/**
 * Which modes have long blocks. Everything before the modes would have to be decoded to find them from the front; from
 * the back they are found by their zeros, and by their count in front of them. The method is FFmpeg's.
 */
function readModes(setup: Uint8Array): boolean[] {
  let bit = setup.length * 8 - 1;
  const read = (bits: number) => {
    let value = 0;
    for (let index = 0; index < bits; index += 1, bit -= 1) {
      value = value * 2 + (bit >= 0 ? (setup[bit >> 3]! >> (bit & 7)) & 1 : 0);
    }
    return value;
  };
  while (bit > 0 && read(1) === 0);
  const modes: boolean[] = [];
  let found: boolean[] | undefined;
  while (bit >= 97 && modes.length < 64) {
    if (read(8) > 63 || read(16) !== 0 || read(16) !== 0) break;
    modes.unshift(read(1) === 1);
    const before = bit;
    if (read(6) + 1 === modes.length) found = [...modes];
    bit = before;
  }
  if (!found) throw new Unplayable('damaged');
  return found;
}
