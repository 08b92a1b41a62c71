import { filled, join, noise, type Pieces, syncSafe, text, times, uint32be, uint8 } from './bytes.js';
import {
  adtsFrames,
  apeFooter,
  apeItem,
  apeTag,
  chunk,
  flac,
  id3Frame,
  id3Header,
  id3Tag,
  type Id3Version,
  mp3Frames,
  wavOf,
} from './containers.js';
import { type HostileFile, any, audio, complex, unreadable } from './hostile-file.js';

const versions: Id3Version[] = [2, 3, 4];
/** Adds an ID3v2 tag to a file, where the container has such tags. */
const carriers: Record<string, (tag: Pieces, bytes: number) => Pieces> = {
  mp3: (tag) => join(tag, mp3Frames()),
  aac: (tag) => join(tag, adtsFrames()),
  flac: (tag) => join(tag, flac()),
  wav: (tag, bytes) => wavOf(join(chunk('id3 ', Buffer.alloc(0), bytes), tag, Buffer.alloc(bytes % 2))),
};

/** A tag of `count` equal frames. */
const manyFrames = (version: Id3Version, id: string, count: number, body: Buffer): [Pieces, number] => {
  const frame = id3Frame(version, id, body);
  const bytes = frame.length * count;
  return [join(id3Header(version, bytes), times(count, frame)), bytes + 10];
};
const whole = (tag: Buffer): [Pieces, number] => [[tag], tag.length];
const longFrame = (version: Id3Version, id: string, piece: string, bytes: number): [Pieces, number] => {
  const count = Math.floor(bytes / piece.length);
  const length = count * piece.length + 1;
  const head = id3Frame(version, id, Buffer.alloc(0), length);
  return [
    join(id3Header(version, head.length + length), head, uint8(0), times(count, text(piece))),
    head.length + length + 10,
  ];
};

export function* id3Files(): Generator<HostileFile> {
  for (const [carrier, put] of Object.entries(carriers)) {
    for (const version of versions) {
      const file = (name: string, [tag, bytes]: [Pieces, number], expected: HostileFile['expected']) => ({
        name: `${carrier}, ID3v2.${version}: ${name}`,
        pieces: put(tag, bytes),
        expected,
      });
      yield file('an artist of a/a/a, 0.25 MB', longFrame(version, 'TPE1', 'a/', 2 ** 18), complex);
      yield file('a title of NULs, 1 MB', longFrame(version, 'TIT2', '\0', 2 ** 20), complex);
      yield file('a user text of NULs, 1 MB', longFrame(version, 'TXXX', '\0', 2 ** 20), audio);
      yield file('150,000 user texts', manyFrames(version, 'TXXX', 150_000, uint8(0, 0, 65)), complex);
      yield file('150,000 comments', manyFrames(version, 'COMM', 150_000, uint8(0, 0, 0, 0, 0)), complex);
      yield file('150,000 unknown frames', manyFrames(version, 'XABC', 150_000, uint8(0)), complex);
      yield file('90,000 artists', manyFrames(version, 'TPE1', 90_000, uint8(0, 65)), audio);
      yield file(
        'a frame longer than its tag',
        whole(id3Tag(version, id3Frame(version, 'TIT2', uint8(0, 65), 0x0fffffff))),
        audio,
      );
      yield file('a tag longer than the file', [[id3Header(version, 0x0fffff)], 10], unreadable);
      yield file(
        'a chapter of 30,000 frames',
        [
          [
            id3Tag(
              version,
              id3Frame(
                version,
                'CHAP',
                Buffer.concat([
                  filled(18, uint8(0)),
                  filled(30_000, id3Frame(version, 'TIT2', uint8(0, 65))),
                ]),
              ),
            ),
          ],
          version === 2 ? 10 + 6 + 18 + 30_000 * 8 : 10 + 10 + 18 + 30_000 * 12,
        ],
        audio,
      );
      yield file(
        'an unsynchronised tag of 2 MB',
        [join(id3Header(version, 2 ** 21, 0x80), times(2 ** 20, uint8(0xff, 0))), 10 + 2 ** 21],
        audio,
      );
    }
  }
  yield {
    name: 'mp3: an artist of a/a/a, 4 MB',
    pieces: inMp3(longFrame(3, 'TPE1', 'a/', 2 ** 22)),
    expected: complex,
  };
  yield {
    name: 'mp3: a title of NULs, 40 MB',
    pieces: inMp3(longFrame(3, 'TIT2', '\0', 40 * 2 ** 20)),
    expected: complex,
  };
  yield {
    name: 'mp3: 3 million user texts',
    pieces: inMp3(manyFrames(4, 'TXXX', 3_000_000, uint8(0, 0, 65))),
    expected: complex,
  };
  yield {
    name: 'mp3: a picture of 12 MB',
    pieces: inMp3(longFrame(3, 'APIC', 'x', 12 * 2 ** 20)),
    expected: audio,
  };
  yield {
    name: 'mp3: a picture that is not an image',
    pieces: inMp3(whole(id3Tag(3, id3Frame(3, 'APIC', noise(3000))))),
    expected: any,
  };
  yield {
    name: 'mp3: an extended header longer than its tag',
    pieces: [id3Header(3, 100, 0x40), uint32be(0xffffffff), Buffer.alloc(96), mp3Frames()],
    expected: audio,
  };
  yield {
    name: 'mp3: 2 million empty tags',
    pieces: join(times(2_000_000, id3Header(3, 0)), mp3Frames()),
    expected: complex,
  };
  yield {
    name: 'mp3: a tag of an unknown version',
    pieces: [text('ID3'), uint8(9, 9, 0), syncSafe(0), mp3Frames()],
    expected: audio,
  };
  yield {
    name: 'mp3: tags without audio',
    pieces: [id3Tag(4, id3Frame(4, 'TIT2', uint8(3, 65)))],
    expected: unreadable,
  };
}
const inMp3 = ([tag, bytes]: [Pieces, number]): Pieces => carriers['mp3']!(tag, bytes);

export function* apeFiles(): Generator<HostileFile> {
  const carriedBy: Record<string, () => Pieces> = {
    mp3: () => [mp3Frames()],
    aac: () => [adtsFrames()],
    flac: () => flac(),
  };
  for (const [carrier, before] of Object.entries(carriedBy)) {
    const file = (name: string, tag: Pieces, expected: HostileFile['expected']): HostileFile => ({
      name: `${carrier}, APEv2: ${name}`,
      pieces: join(before(), tag),
      expected,
    });
    const tiny = apeItem('xx', text('y'));
    yield file(
      '200,000 items',
      join(times(200_000, tiny), apeFooter(tiny.length * 200_000, 200_000)),
      complex,
    );
    yield file('a title of NULs, 1 MB', [apeTag(apeItem('Title', Buffer.alloc(2 ** 20)))], complex);
    yield file(
      'an artist of 200,000 values',
      [apeTag(apeItem('Artist', filled(200_000, text('a\0'))))],
      complex,
    );
    yield file('a picture of 6 MB', [apeTag(apeItem('Cover Art (Front)', Buffer.alloc(6 * 2 ** 20)))], audio);
    yield file('an item longer than its tag', [apeTag(apeItem('Title', text('x'), 0xffffffff))], audio);
    yield file('a key without an end', [apeTag(filled(10_000, text('k')))], audio);
    for (const size of [0, 31, 33, 0x7fffffff, 0xffffffff]) {
      // Bytes that are not recognised as a tag are read as truncated audio.
      yield file(`a size of ${size}`, [text('Title'), apeFooter(size - 32, 0xffffffff)], any);
    }
  }
}
