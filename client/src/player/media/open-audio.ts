import { openAdts } from './adts.js';
import type { AudioSlices } from './audio-slices.js';
import { type ByteSource, Unplayable } from './byte-source.js';
import { id3Bytes, latin1 } from './bytes.js';
import { openFlac } from './flac.js';
import { openMp3 } from './mp3.js';
import { openMp4 } from './mp4.js';
import { openOgg } from './ogg.js';
import { openWav } from './wav.js';

/** Bytes that tell the format. */
const headBytes = 16;

/**
 * Takes an audio file apart; its content decides on the format, not its name or type.
 * @throws {Unplayable} unsupported, damaged, truncated, too_complex
 */
export async function openAudio(file: ByteSource): Promise<AudioSlices> {
  return oneByOne(await openFormat(file));
}

/** Two feeds may read the same track; a demuxer makes one slice at a time. */
function oneByOne(slices: AudioSlices): AudioSlices {
  const { codec, sampleRate, channels, length } = slices;
  // Browsers have no decoders for other rates.
  if (!(sampleRate >= 3000 && sampleRate <= 768_000)) throw new Unplayable('unsupported');
  let last: Promise<unknown> = Promise.resolve();
  return {
    codec,
    sampleRate,
    channels,
    length,
    sliceAt(sample) {
      const slice = last.then(() => slices.sliceAt(sample));
      last = slice.catch(() => undefined);
      return slice;
    },
  };
}

async function openFormat(file: ByteSource): Promise<AudioSlices> {
  const start = id3Bytes(await file.read(0, headBytes));
  const head = await file.read(start, headBytes);
  const magic = latin1(head, 0, 4);
  if ((magic === 'RIFF' || magic === 'RF64') && latin1(head, 8, 12) === 'WAVE') return openWav(file);
  if (latin1(head, 4, 8) === 'ftyp') return openMp4(file);
  if (magic === 'fLaC') return openFlac(file, start);
  if (magic === 'OggS') return openOgg(file);
  // ADTS and MP3 frames begin with the same bits; the layer tells them apart.
  if (head[0] === 0xff && (head[1]! & 0xf6) === 0xf0) return openAdts(file, start);
  return openMp3(file, start).catch((error: unknown) => {
    if (error instanceof Unplayable && error.reason === 'unsupported') return openAdts(file, start);
    throw error;
  });
}
