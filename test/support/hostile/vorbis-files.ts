import { crc8 } from './flac-header.js';
import {
  filled,
  join,
  noise,
  type Pieces,
  text,
  times,
  uint16be,
  uint24be,
  uint32be,
  uint32le,
  uint8,
} from './bytes.js';
import {
  flac,
  flacBlock,
  flacFrames,
  flacStreamInfo,
  lacingOf,
  ogg,
  oggCodecs,
  type OggCodec,
  oggEnd,
  oggFlags,
  oggPage,
  oggPacket,
  vorbisComment,
} from './containers.js';
import { any, audio, complex, type HostileFile, refused, unreadable, unsupported } from './hostile-file.js';

/** Hostile Vorbis comments: name, content, length, and the expected outcomes. */
function* comments(): Generator<[string, Pieces, number, HostileFile['expected']]> {
  const empty = uint32le(0);
  yield [
    '2 million comments',
    join(empty, uint32le(2_000_000), times(2_000_000, empty)),
    8 + 8_000_000,
    complex,
  ];
  const artist = Buffer.concat([uint32le(8), text('ARTIST=a')]);
  yield ['90,000 artists', join(empty, uint32le(90_000), times(90_000, artist)), 8 + 90_000 * 12, audio];
  yield [
    '150,000 artists',
    join(empty, uint32le(150_000), times(150_000, artist)),
    8 + 150_000 * 12,
    complex,
  ];
  const long = 2 ** 20;
  yield [
    'a title of 1 MB',
    join(empty, uint32le(1), uint32le(long + 6), text('TITLE='), times(long, text('x'))),
    18 + long,
    complex,
  ];
  const picture = 'METADATA_BLOCK_PICTURE=';
  yield [
    'a picture of 6 MB in base64',
    join(
      empty,
      uint32le(1),
      uint32le(8_000_000 + picture.length),
      text(picture),
      times(8_000_000, text('A')),
    ),
    12 + picture.length + 8_000_000,
    audio,
  ];
  for (const [name, comment, expected] of [
    ['a picture that is not base64', vorbisComment([`${picture}%%%%`]), unreadable],
    [
      'a picture whose MIME type is longer than its block',
      vorbisComment([`${picture}${Buffer.concat([uint32be(3), uint32be(0xffffffff)]).toString('base64')}`]),
      unreadable,
    ],
    ['a count of 0xffffffff', vorbisComment(['TITLE=x'], 0xffffffff), unreadable],
    [
      'a comment longer than the header',
      Buffer.concat([empty, uint32le(1), uint32le(0xffffffff), text('TITLE=x')]),
      unreadable,
    ],
    [
      'a vendor string longer than the header',
      Buffer.concat([uint32le(0xfffffff0), uint32le(0)]),
      unreadable,
    ],
    ['comments without an equals sign', vorbisComment(filledWith(1000, 'x')), audio],
    ['comments with an empty name', vorbisComment(filledWith(1000, '=x')), audio],
  ] as const) {
    yield [name, [comment], comment.length, expected];
  }
}
const filledWith = (count: number, value: string): string[] => Array.from({ length: count }, () => value);

export function* commentFiles(): Generator<HostileFile> {
  for (const [name, comment, bytes, expected] of comments()) {
    yield {
      name: `flac: ${name}`,
      pieces: flac(join(uint8(4), uint24be(bytes), comment)),
      expected,
    };
  }
  for (const codec of Object.keys(oggCodecs) as OggCodec[]) {
    for (const [name, comment, bytes, expected] of comments()) {
      yield { name: `${codec}: ${name}`, pieces: ogg(codec, comment, bytes), expected };
    }
  }
}

/** A frame header with a valid checksum, without a frame. */
const plausibleHeader = ((): Buffer => {
  const header = uint8(0xff, 0xf8, 0xc9, 0x18, 0x00);
  return Buffer.concat([header, uint8(crc8(header))]);
})();

export function* flacFiles(): Generator<HostileFile> {
  const file = (name: string, pieces: Pieces, expected: HostileFile['expected']): HostileFile => ({
    name: `flac: ${name}`,
    pieces,
    expected,
  });
  const info = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(flacStreamInfo);
    change(bytes);
    return bytes;
  };
  const largest = info((bytes) => bytes.writeUIntBE(0xffffff, 7, 3));
  for (const size of [84_000, 500_000, 16_000_000]) {
    for (const [what, header] of [
      ['the largest frame', largest],
      ['no frame size', info((bytes) => bytes.fill(0, 4, 10))],
    ] as const) {
      yield file(
        `${size} bytes of plausible frame headers, with ${what}`,
        join(text('fLaC'), flacBlock(0x80, header), times(Math.floor(size / 6), plausibleHeader)),
        unreadable,
      );
    }
  }
  yield file(
    'a tail of zeros, in which every checksum is valid',
    join(text('fLaC'), flacBlock(0x80, largest), times(16_000_000, uint8(0))),
    unreadable,
  );
  yield file('2 million empty blocks', flac(times(2_000_000, flacBlock(1, Buffer.alloc(0)))), complex);
  yield file('a block longer than the file', flac(flacBlock(1, Buffer.alloc(0), 0xffffff)), unreadable);
  yield file(
    'a picture of 10 MB',
    flac(join(uint8(6), uint24be(10_000_000), times(10_000_000, uint8(0xff)))),
    audio,
  );
  yield file(
    'a picture block with a MIME type longer than the block',
    flac(flacBlock(6, Buffer.concat([uint32be(3), uint32be(0xffffffff), Buffer.alloc(100)]))),
    unreadable,
  );
  yield file('a picture of no bytes', flac(flacBlock(6, Buffer.alloc(0))), audio);
  yield file('3,000 pictures', flac(times(3000, flacBlock(6, pictureBlock(1000)))), audio);
  yield file(
    'a cue sheet of 16 MB',
    flac(join(uint8(5), uint24be(0xfffff0), times(0xfffff0, uint8(0xff)))),
    audio,
  );
  yield file(
    'a seek table of 16 MB',
    flac(join(uint8(3), uint24be(0xfffff0), times(0xfffff0, uint8(0xff)))),
    audio,
  );
  yield file('no STREAMINFO', [text('fLaC'), flacBlock(0x81, Buffer.alloc(4)), flacFrames], unreadable);
  yield file(
    'a sample rate of 0',
    [
      text('fLaC'),
      flacBlock(
        0x80,
        info((bytes) => bytes.fill(0, 10, 13)),
      ),
      flacFrames,
    ],
    refused,
  );
  yield file(
    '2^36 - 1 samples',
    [
      text('fLaC'),
      flacBlock(
        0x80,
        info((bytes) => bytes.fill(0xff, 14, 18)),
      ),
      flacFrames,
    ],
    unreadable,
  );
  yield file('a STREAMINFO of 3 bytes', [text('fLaC'), flacBlock(0x80, Buffer.alloc(3))], unreadable);
}

const pictureBlock = (bytes: number): Buffer =>
  Buffer.concat([
    uint32be(3),
    uint32be(9),
    text('image/png'),
    uint32be(0),
    Buffer.alloc(16),
    uint32be(bytes),
    noise(bytes),
  ]);

export function* oggFiles(): Generator<HostileFile> {
  for (const codec of ['vorbis', 'opus'] as const) {
    const { head, comments: prefix } = oggCodecs[codec];
    const first = oggPage(oggFlags.first, 1, 0n, head);
    const tags = oggPage(0, 1, 0n, Buffer.concat([prefix, vorbisComment(['TITLE=x'])]));
    const file = (name: string, pieces: Pieces, expected: HostileFile['expected']): HostileFile => ({
      name: `${codec}: ${name}`,
      pieces,
      expected,
    });
    const emptyPage = oggPage(oggFlags.continued, 1, 0n, Buffer.alloc(0), Buffer.alloc(0));
    yield file(
      '150,000 empty pages before the comments',
      join(first, times(150_000, emptyPage), tags, oggEnd()),
      complex,
    );
    const tinyPage = oggPage(0, 1, 5n, uint8(1));
    const tinyPages = codec === 'vorbis' ? 1_700_000 : 200_000;
    yield file(
      `${tinyPages} tiny pages of audio`,
      join(first, tags, times(tinyPages, tinyPage), oggEnd()),
      audio,
    );
    const other = oggPage(oggFlags.first, 7, 0n, Buffer.alloc(1));
    yield file('150,000 streams', join(first, times(150_000, other), tags, oggEnd()), complex);
    yield file(
      '1,000 streams',
      join(first, times(1000, oggPage(oggFlags.first, 7, 0n, head)), tags, oggEnd()),
      audio,
    );
    if (codec === 'vorbis') {
      yield file(
        'comments that never end',
        join(
          first,
          times(700, oggPage(oggFlags.continued, 1, 0n, filled(65_025, text('x')), Buffer.alloc(255, 255))),
        ),
        complex,
      );
    }
    yield file(
      'comments on 20,000 pages of one byte',
      join(
        first,
        oggPage(
          0,
          1,
          0n,
          Buffer.concat([prefix, uint32le(0), uint32le(0)]).subarray(0, 8),
          uint8(255),
        ).subarray(0, 28),
        filled(8, text('x')),
        times(20_000, oggPage(oggFlags.continued, 1, 0n, Buffer.alloc(255), uint8(255))),
        oggEnd(),
      ),
      refused,
    );
    yield file('no last page', [first, tags], unreadable);
    yield file('no comments', [first, oggEnd()], unreadable);
    yield file('other bytes after the last page', join(first, tags, oggEnd(), noise(5000)), unreadable);
    yield file('a tail of capture patterns', join(first, tags, times(20_000, text('OggS'))), unreadable);
    yield file(
      'a tail of empty last pages of other streams',
      join(
        first,
        tags,
        times(3000, oggPage(oggFlags.last, 9, 2n ** 64n - 1n, Buffer.alloc(0), Buffer.alloc(0))),
      ),
      any,
    );
    yield file('a duration of 6 million years', join(first, tags, oggEnd(1, 2n ** 63n)), unreadable);
    yield file('no duration', join(first, tags, oggEnd(1, 0n)), unreadable);
    yield file('a last page on which no packet ends', join(first, tags, oggEnd(1, 2n ** 64n - 1n)), any);
    yield file(
      'a rate of 0',
      join(
        oggPage(
          oggFlags.first,
          1,
          0n,
          codec === 'vorbis' ? Buffer.concat([text('\x01vorbis'), Buffer.alloc(23)]) : head.subarray(0, 9),
        ),
        tags,
        oggEnd(),
      ),
      refused,
    );
    yield file(
      'a video stream as well',
      join(
        first,
        oggPage(oggFlags.first, 2, 0n, Buffer.concat([text('\x80theora'), Buffer.alloc(35)])),
        tags,
        oggEnd(),
      ),
      unsupported,
    );
    yield file(
      'a page longer than the file',
      join(first, tags, oggPage(oggFlags.last, 1, 9n, uint8(1), lacingOf(60_000))),
      unreadable,
    );
  }
  const only = (name: string, head: Buffer, expected: HostileFile['expected']): HostileFile => ({
    name: `ogg: ${name}`,
    pieces: join(oggPage(oggFlags.first, 1, 0n, head), oggPacket([vorbisComment(['TITLE=x'])], 20), oggEnd()),
    expected,
  });
  yield only('theora', Buffer.concat([text('\x80theora'), Buffer.alloc(35)]), unsupported);
  yield only('speex', Buffer.concat([text('Speex   '), Buffer.alloc(72)]), unsupported);
  yield only('skeleton', Buffer.concat([text('fishead\0'), Buffer.alloc(56)]), unsupported);
  yield only('an unknown codec', uint16be(7), unsupported);
}
