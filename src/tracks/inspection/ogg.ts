import type { AudioStructure } from './audio-structure.js';
import { ByteSource } from './byte-source.js';
import { flacExcerpt } from './flac.js';
import { parseStreamInfo, type StreamInfo, streamInfoBytes } from './flac-stream-info.js';
import { Refusal, truncated } from './inspection.js';
import { type ElementCounter, requireTagSize } from './limits.js';
import { readVorbisComment } from './vorbis-comment.js';

const pageHeaderBytes = 27;
const maxPageBytes = pageHeaderBytes + 255 + 255 * 255;
const flags = { first: 2, last: 4 };
/** The granule position of a page on which no packet ends. */
const noGranule = 2n ** 64n - 1n;

interface Page {
  flags: number;
  granule: bigint;
  serial: number;
  /** Lengths of the packet segments; a length below 255 ends its packet. */
  segments: Buffer;
  /** Offsets of the body and of the next page. */
  body: number;
  end: number;
}

/** The logical stream that players play: the first audio stream of the file. */
interface AudioStream {
  serial: number;
  /** Unit of the granule positions. */
  sampleRate: number;
  /** Samples at the beginning that are decoded but not played. */
  preSkip: number;
  /** The first bytes of the second packet, which contains the comments. */
  commentPrefix: Buffer;
  /** Only for FLAC in Ogg. */
  info?: StreamInfo;
}

/**
 * Reads an Ogg file (RFC 3533) with Vorbis, Opus (RFC 7845) or FLAC: the pages up to the comments and the last page;
 * nothing in between. The file is complete if its last page is marked as the last and ends at the end of the file.
 * @throws {Refusal} unsupported_media_type, unreadable_audio, audio_too_complex
 */
export function readOgg(file: ByteSource, elements: ElementCounter): AudioStructure {
  let stream: AudioStream | undefined;
  const pieces: Buffer[] = [];
  let commentBytes = 0;
  for (let at = 0, complete = false; !complete;) {
    elements.add();
    const page = readPage(file, at);
    if (page.flags & flags.first) {
      const found = identify(file.at(page.body, Math.min(page.end - page.body, 256)), page.serial);
      stream ??= found;
    } else if (stream === undefined) {
      throw new Refusal('unreadable_audio', 'The Ogg file contains no Vorbis, Opus or FLAC audio.');
    } else if (page.serial === stream.serial) {
      const { length, ends } = firstPacket(page.segments);
      commentBytes += length;
      requireTagSize(commentBytes);
      pieces.push(file.copy(page.body, length));
      complete = ends;
    }
    at = page.end;
  }
  const tags = readComments(Buffer.concat(pieces), stream!, elements);
  return { duration: (lastGranule(file, stream!) - stream!.preSkip) / stream!.sampleRate, tags };
}

function readPage(file: ByteSource, at: number): Page {
  const header = file.exactly(at, pageHeaderBytes);
  if (header.toString('latin1', 0, 4) !== 'OggS') {
    throw new Refusal('unreadable_audio', 'The Ogg file is corrupt: a page is missing.');
  }
  const segmentCount = header[26]!;
  const page: Page = {
    flags: header[5]!,
    granule: header.readBigUInt64LE(6),
    serial: header.readUInt32LE(14),
    segments: file.copy(at + pageHeaderBytes, segmentCount),
    body: at + pageHeaderBytes + segmentCount,
    end: at + pageHeaderBytes + segmentCount,
  };
  for (const segment of page.segments) page.end += segment;
  return page;
}

/** Length of the first packet of a page, or of the packet that continues there, and whether it ends on the page. */
function firstPacket(segments: Buffer): { length: number; ends: boolean } {
  let length = 0;
  for (const segment of segments) {
    length += segment;
    if (segment < 255) return { length, ends: true };
  }
  return { length, ends: false };
}

/** Identifies a stream by its first packet. @returns undefined if it is not a supported audio stream */
function identify(packet: Buffer, serial: number): AudioStream | undefined {
  const startsWith = (text: string) => packet.toString('latin1', 0, text.length) === text;
  if (startsWith('\x80theora') || startsWith('\x01video')) {
    throw new Refusal('unsupported_media_type', 'The file is a video; only audio is supported.');
  }
  if (startsWith('\x01vorbis') && packet.length >= 30) {
    return stream({ sampleRate: packet.readUInt32LE(12), commentPrefix: '\x03vorbis' });
  }
  if (startsWith('OpusHead') && packet.length >= 19) {
    return stream({ sampleRate: 48_000, preSkip: packet.readUInt16LE(10), commentPrefix: 'OpusTags' });
  }
  if (startsWith('\x7fFLAC') && packet.length >= 17 + streamInfoBytes) {
    const info = parseStreamInfo(packet.subarray(17));
    return { ...stream({ sampleRate: info.sampleRate, commentPrefix: '' }), info };
  }
  return undefined;

  function stream(of: { sampleRate: number; preSkip?: number; commentPrefix: string }): AudioStream {
    return { serial, preSkip: 0, ...of, commentPrefix: Buffer.from(of.commentPrefix, 'latin1') };
  }
}

/** The comments are passed to the tag parser as a FLAC file, which has the same comments and no pages. */
function readComments(
  packet: Buffer,
  { commentPrefix, info }: AudioStream,
  elements: ElementCounter,
): AudioStructure['tags'] {
  if (!packet.subarray(0, commentPrefix.length).equals(commentPrefix)) {
    throw new Refusal('unreadable_audio', 'The Ogg file is corrupt: its comments are missing.');
  }
  // FLAC in Ogg has a metadata block header of 4 bytes instead of a prefix.
  const from = info === undefined ? commentPrefix.length : 4;
  const comment = readVorbisComment(ByteSource.of(packet), from, packet.length, elements);
  return comment && flacExcerpt(info ?? emptyStreamInfo, comment);
}

const emptyStreamInfo = parseStreamInfo(Buffer.alloc(streamInfoBytes));

/** The granule position after the last sample. @throws {Refusal} unreadable_audio */
function lastGranule(file: ByteSource, { serial }: AudioStream): number {
  const from = Math.max(0, file.size - maxPageBytes);
  const tail = ByteSource.of(file.copy(from, file.size - from));
  const bytes = tail.exactly(0, tail.size);
  let at = bytes.lastIndexOf('OggS', undefined, 'latin1');
  if (at === -1) throw truncated();
  const last = readPage(tail, at);
  if ((last.flags & flags.last) === 0 || last.end !== tail.size) throw truncated();
  // The last page may belong to another stream, or contain only the middle of a packet.
  for (let page = last; ; page = readPage(tail, at)) {
    if (page.granule !== noGranule && (page.serial === serial || page === last)) return Number(page.granule);
    at = at === 0 ? -1 : bytes.lastIndexOf('OggS', at - 1, 'latin1');
    if (at === -1) {
      throw new Refusal('unreadable_audio', 'The Ogg file has no position for the end of its audio.');
    }
  }
}
