import { fixture, wav } from '../audio.js';
import {
  filled,
  join,
  type Pieces,
  syncSafe,
  text,
  uint16be,
  uint24be,
  uint32be,
  uint32le,
  uint8,
} from './bytes.js';

// Writers for the parts of each container. Sizes are correct unless the caller passes another one.

/** MPEG 1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes, 26 ms. */
export const mp3Frame = Buffer.concat([uint8(0xff, 0xfb, 0x90, 0x00), Buffer.alloc(413)]);
export const mp3Frames = (count = 40): Buffer => filled(count, mp3Frame);
/** ADTS, AAC LC, 44.1 kHz, 100 bytes. */
export const adtsFrame = Buffer.concat([
  uint8(0xff, 0xf1, 0x50, 0x80, 100 >> 3, ((100 & 7) << 5) | 0x1f, 0xfc),
  Buffer.alloc(93),
]);
export const adtsFrames = (count = 40): Buffer => filled(count, adtsFrame);

export type Id3Version = 2 | 3 | 4;
const id3Size = (version: Id3Version, size: number): Buffer =>
  version === 2 ? uint24be(size) : version === 3 ? uint32be(size) : syncSafe(size);

/** @param id as in version 2.3; translated for 2.2, whose ids have three letters */
export const id3Frame = (version: Id3Version, id: string, body: Buffer, size = body.length): Buffer =>
  Buffer.concat([
    text(version === 2 ? (shortIds[id] ?? id.slice(0, 3)) : id),
    id3Size(version, size),
    ...(version === 2 ? [] : [uint16be(0)]),
    body,
  ]);
const shortIds: Record<string, string> = {
  TPE1: 'TP1',
  TIT2: 'TT2',
  TALB: 'TAL',
  APIC: 'PIC',
  TXXX: 'TXX',
  COMM: 'COM',
};

/** @param bodyBytes total size of the frames */
export const id3Header = (version: Id3Version, bodyBytes: number, flags = 0): Buffer =>
  Buffer.concat([text('ID3'), uint8(version, 0, flags), syncSafe(bodyBytes)]);

export const id3Tag = (version: Id3Version, ...frames: Buffer[]): Buffer => {
  const body = Buffer.concat(frames);
  return Buffer.concat([id3Header(version, body.length), body]);
};

export const apeItem = (key: string, value: Buffer, size = value.length, flags = 0): Buffer =>
  Buffer.concat([uint32le(size), uint32le(flags), text(`${key}\0`), value]);

export const apeFooter = (itemBytes: number, count: number): Buffer =>
  Buffer.concat([
    text('APETAGEX'),
    uint32le(2000),
    uint32le(itemBytes + 32),
    uint32le(count),
    uint32le(0),
    Buffer.alloc(8),
  ]);

export const apeTag = (...items: Buffer[]): Buffer => {
  const body = Buffer.concat(items);
  return Buffer.concat([body, apeFooter(body.length, items.length)]);
};

export const vorbisComment = (comments: (Buffer | string)[], count = comments.length): Buffer =>
  Buffer.concat([
    uint32le(0),
    uint32le(count),
    ...comments.map((comment) => {
      const bytes = Buffer.isBuffer(comment) ? comment : text(comment);
      return Buffer.concat([uint32le(bytes.length), bytes]);
    }),
  ]);

export const flacBlock = (type: number, body: Buffer, length = body.length): Buffer =>
  Buffer.concat([uint8(type), uint24be(length), body]);

const flacFixture = fixture('tagged.flac');
export const flacStreamInfo = flacFixture.subarray(8, 8 + 34);
/** The frames of the fixture, without its metadata blocks. */
export const flacFrames = ((): Buffer => {
  let at = 4;
  for (let last = false; !last;) {
    last = (flacFixture[at]! & 0x80) !== 0;
    at += 4 + flacFixture.readUIntBE(at + 1, 3);
  }
  return flacFixture.subarray(at);
})();

/** A complete FLAC file with these blocks between STREAMINFO and the frames. */
export const flac = (...blocks: (Buffer | Pieces)[]): Pieces =>
  join(text('fLaC'), flacBlock(0, flacStreamInfo), ...blocks, flacBlock(0x81, Buffer.alloc(4)), flacFrames);

/** @param lacing the segment table; by default that of a single packet that ends on the page */
export const oggPage = (
  flags: number,
  serial: number,
  granule: bigint,
  body: Buffer,
  lacing = lacingOf(body.length),
): Buffer => {
  const header = Buffer.alloc(27);
  header.write('OggS');
  header[5] = flags;
  header.writeBigUInt64LE(granule, 6);
  header.writeUInt32LE(serial, 14);
  header[26] = lacing.length;
  return Buffer.concat([header, lacing, body]);
};

export const lacingOf = (length: number): Buffer =>
  Buffer.concat([Buffer.alloc(Math.floor(length / 255), 255), uint8(length % 255)]);

export const oggFlags = { continued: 1, first: 2, last: 4 };

/** A packet, split into as many pages as necessary. */
export function* oggPacket(packet: Pieces, length: number, serial = 1): Pieces {
  const perPage = 255 * 255;
  let pending = Buffer.alloc(0);
  let written = 0;
  for (const piece of packet) {
    pending = Buffer.concat([pending, piece]);
    while (pending.length >= perPage && written + perPage < length) {
      const flags = written > 0 ? oggFlags.continued : 0;
      yield oggPage(flags, serial, 0n, pending.subarray(0, perPage), Buffer.alloc(255, 255));
      pending = pending.subarray(perPage);
      written += perPage;
    }
  }
  yield oggPage(written > 0 ? oggFlags.continued : 0, serial, 0n, pending);
}

export const oggCodecs = {
  vorbis: {
    head: Buffer.concat([text('\x01vorbis'), uint32le(0), uint8(2), uint32le(44_100), Buffer.alloc(14)]),
    comments: text('\x03vorbis'),
  },
  opus: {
    head: Buffer.concat([text('OpusHead'), uint8(1, 2, 0, 0), uint32le(48_000), Buffer.alloc(3)]),
    comments: text('OpusTags'),
  },
  'flac in ogg': {
    head: Buffer.concat([text('\x7fFLAC\x01\x00\x00\x01fLaC'), flacBlock(0, flacStreamInfo)]),
    comments: flacBlock(4, Buffer.alloc(0)),
  },
} as const;
export type OggCodec = keyof typeof oggCodecs;

export const oggEnd = (serial = 1, granule = 100_000n): Buffer =>
  oggPage(oggFlags.last, serial, granule, Buffer.alloc(200));

/** A complete Ogg file with these comments. */
export function ogg(codec: OggCodec, comment: Buffer | Pieces, commentBytes?: number): Pieces {
  const { head, comments } = oggCodecs[codec];
  const length = commentBytes ?? (comment as Buffer).length;
  return join(
    oggPage(oggFlags.first, 1, 0n, head),
    oggPacket(join(comments, comment), comments.length + length),
    oggEnd(),
  );
}

export const box = (type: string, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([uint32be(8 + body.length), text(type), body]);
};
/** The header of a box without its content. @param size any value */
export const boxHeader = (type: string, size: number): Buffer => Buffer.concat([uint32be(size), text(type)]);

export const ftyp = box('ftyp', text('M4A '), uint32be(0), text('M4A mp42isom'));
export const mdat = box('mdat', Buffer.alloc(1000));
export const handler = (type: string): Buffer => box('hdlr', Buffer.alloc(8), text(type), Buffer.alloc(13));
export const mediaHeader = (timeScale = 44_100, duration = 88_200): Buffer =>
  box('mdhd', Buffer.alloc(12), uint32be(timeScale), uint32be(duration), Buffer.alloc(4));

/** @param samples boxes in `stbl` */
export const track = (samples: Buffer = Buffer.alloc(0), type = 'soun', header = mediaHeader()): Buffer =>
  box(
    'trak',
    box('tkhd', Buffer.alloc(84)),
    box('mdia', header, handler(type), box('minf', box('stbl', samples))),
  );

export const ilst = (...items: Buffer[]): Buffer =>
  box('udta', box('meta', Buffer.alloc(4), handler('mdir'), box('ilst', ...items)));
export const ilstText = (type: string, value: Buffer | string): Buffer =>
  box(type, box('data', uint32be(1), uint32be(0), Buffer.isBuffer(value) ? value : text(value)));

/** A complete m4a file with these boxes in `moov`. */
export const m4a = (...inMovie: Buffer[]): Buffer =>
  Buffer.concat([ftyp, box('moov', box('mvhd', Buffer.alloc(100)), ...inMovie), mdat]);

export const chunk = (id: string, body: Buffer, length = body.length): Buffer =>
  Buffer.concat([text(id), uint32le(length), body, Buffer.alloc(body.length % 2)]);
const plainWav = wav(1);
export const wavFormat = plainWav.subarray(12, 36);
export const wavData = plainWav.subarray(36);

/** A complete WAV file with these chunks before the samples. The size in the RIFF header is not checked. */
export const wavOf = (...chunks: (Buffer | Pieces)[]): Pieces =>
  join(text('RIFF'), uint32le(0xffffffff), text('WAVE'), wavFormat, ...chunks, wavData);
