import { type AacConfig, adtsHeader, readAacConfig } from './aac-config.js';
import type { AudioSlices } from './audio-slices.js';
import { type ByteSource, Unplayable } from './byte-source.js';
import { joinBytes, latin1 } from './bytes.js';
import { framedSlices } from './framed-slices.js';
import { BoxReader, type Mp4Box } from './mp4-boxes.js';
import { Mp4Samples } from './mp4-samples.js';

/** What encoders add before the first sample; taken where the file does not tell. */
const usualDelay = 1024;
const maxDescriptorBytes = 64 * 1024;
const maxTextBytes = 1024;

/** Which of the decoded samples are to be heard. */
interface Edit {
  start: number;
  length: number | undefined;
}

/**
 * Takes the AAC track of an MP4 file apart.
 * @throws {Unplayable} unsupported for other codecs and fragmented files, damaged, too_complex
 */
export async function openMp4(file: ByteSource): Promise<AudioSlices> {
  const reader = new BoxReader(file);
  const movie = await reader.find(reader.root, 'moov');
  if (!movie) throw new Unplayable('truncated');
  const track = await findAudio(reader, movie);
  const table = track && (await reader.find(track, 'mdia', 'minf', 'stbl'));
  if (!track || !table) throw new Unplayable('unsupported');
  const boxes = new Map((await reader.children(table)).map((box) => [box.type, box]));
  const config = readConfig(await reader.content(boxes.get('stsd'), maxDescriptorBytes));
  const samples = new Mp4Samples({
    sizes: await reader.content(boxes.get('stsz')),
    runs: await reader.content(boxes.get('stsc')),
    offsets: await reader.content(boxes.get('stco') ?? boxes.get('co64')),
    wideOffsets: !boxes.has('stco'),
  });
  if (samples.count === 0) throw new Unplayable('unsupported');
  const edit =
    (await readGapless(reader, movie)) ??
    (await readEditList(reader, movie, track, config.sampleRate)) ??
    ({ start: usualDelay * (config.frameSamples / 1024), length: undefined } satisfies Edit);
  const { sampleRate, channels, frameSamples } = config;
  const decoded = samples.count * frameSamples - edit.start;
  return framedSlices(file, {
    codec: 'aac',
    sampleRate,
    channels,
    frameSamples,
    delay: edit.start,
    length: Math.max(0, Math.min(decoded, edit.length ?? Infinity)),
    // A frame overlaps with the one before it.
    maxPreRoll: 1,
    framesAt: (from, count) => Promise.resolve(samples.read(from, count)),
    wrap: (frame) => joinBytes([adtsHeader(config, frame.length), frame]),
  });
}

async function findAudio(reader: BoxReader, movie: Mp4Box): Promise<Mp4Box | undefined> {
  for (const track of await reader.children(movie)) {
    if (track.type !== 'trak') continue;
    const handler = await reader.content(await reader.find(track, 'mdia', 'hdlr'), maxDescriptorBytes);
    if (handler.byteLength >= 12 && handler.getUint32(8) === 0x736f756e) return track;
  }
  return undefined;
}

/** Finds the AudioSpecificConfig in a sample description, whatever is around it. */
function readConfig(description: DataView): AacConfig {
  const bytes = new Uint8Array(description.buffer);
  const codec = bytes.length >= 16 ? latin1(bytes, 12, 16) : '';
  const text = latin1(bytes.subarray(0, 4096));
  const at = text.indexOf('esds');
  if (codec !== 'mp4a' || at < 0) {
    throw new Unplayable('unsupported');
  }
  let next = at + 8;
  const descriptor = (tag: number) => {
    if (bytes[next] !== tag) throw new Unplayable('damaged');
    let size = 0;
    for (let length = 0; length < 4; length += 1) {
      next += 1;
      size = size * 128 + (bytes[next]! & 127);
      if (!(bytes[next]! & 128)) break;
    }
    next += 1;
    return size;
  };
  descriptor(3);
  const flags = bytes[next + 2]!;
  next += 3 + (flags & 0x80 ? 2 : 0) + (flags & 0x40 ? 1 + bytes[next + 3]! : 0) + (flags & 0x20 ? 2 : 0);
  descriptor(4);
  // MPEG-4 and the profiles of MPEG-2 AAC; MP3 in MP4 is another type.
  if (![0x40, 0x66, 0x67, 0x68].includes(bytes[next]!)) {
    throw new Unplayable('unsupported');
  }
  next += 13;
  const size = descriptor(5);
  return readAacConfig(bytes.subarray(next, next + size));
}

/** iTunes' own tag: hexadecimal numbers of which the second to fourth are priming, padding and length in samples. */
async function readGapless(reader: BoxReader, movie: Mp4Box): Promise<Edit | undefined> {
  const meta = await reader.find(movie, 'udta', 'meta');
  const list = meta && (await reader.children(meta, 4)).find(({ type }) => type === 'ilst');
  for (const tag of list ? await reader.children(list) : []) {
    if (tag.type !== '----') continue;
    const parts = new Map((await reader.children(tag)).map((part) => [part.type, part]));
    const text = async (type: string, skip: number) => {
      const part = parts.get(type);
      if (!part || part.end - part.start > maxTextBytes) return '';
      return latin1(new Uint8Array((await reader.content(part)).buffer), skip);
    };
    if ((await text('name', 4)) !== 'iTunSMPB') continue;
    const numbers = (await text('data', 8))
      .trim()
      .split(/\s+/)
      .map((hex) => Number.parseInt(hex, 16));
    const [, start, , length] = numbers;
    if (start !== undefined && length !== undefined && start < 65_536 && length > 0) return { start, length };
  }
  return undefined;
}

async function readEditList(
  reader: BoxReader,
  movie: Mp4Box,
  track: Mp4Box,
  sampleRate: number,
): Promise<Edit | undefined> {
  const list = await reader.content(await reader.find(track, 'edts', 'elst'), maxDescriptorBytes);
  const movieScale = timescaleOf(await reader.content(await reader.find(movie, 'mvhd'), maxDescriptorBytes));
  const scale = timescaleOf(
    await reader.content(await reader.find(track, 'mdia', 'mdhd'), maxDescriptorBytes),
  );
  if (list.byteLength < 8 || !movieScale || !scale) return undefined;
  const wide = list.getUint8(0) === 1;
  const entryBytes = wide ? 20 : 12;
  for (let at = 8; at + entryBytes <= list.byteLength; at += entryBytes) {
    const duration = wide ? Number(list.getBigUint64(at)) : list.getUint32(at);
    const start = wide ? Number(list.getBigInt64(at + 8)) : list.getInt32(at + 4);
    if (start < 0) continue;
    // The movie's time scale is coarse: a length rounded down must not cut the last samples.
    const length = duration > 0 ? Math.ceil(((duration + 1) / movieScale) * sampleRate) : undefined;
    return { start: Math.round((start / scale) * sampleRate), length };
  }
  return undefined;
}

/** The time scale of `mvhd` and `mdhd`. */
function timescaleOf(header: DataView): number | undefined {
  if (header.byteLength < 24) return undefined;
  return header.getUint32(header.getUint8(0) === 1 ? 20 : 12);
}
