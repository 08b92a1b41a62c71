import {
  filled,
  join,
  noise,
  type Pieces,
  text,
  times,
  uint32be,
  uint32le,
  uint64be,
  uint8,
} from './bytes.js';
import {
  adtsFrames,
  box,
  boxHeader,
  chunk,
  ftyp,
  handler,
  id3Frame,
  id3Tag,
  ilst,
  ilstText,
  m4a,
  mdat,
  mediaHeader,
  mp3Frame,
  mp3Frames,
  track,
  wavData,
  wavFormat,
  wavOf,
} from './containers.js';
import { any, audio, complex, type HostileFile, refused, unreadable, unsupported } from './hostile-file.js';

/** Nested boxes, each containing nothing but the next one. */
function* nested(type: string, depth: number): Pieces {
  const perPiece = 100_000;
  for (let from = 0; from < depth; from += perPiece) {
    const piece = Buffer.alloc(8 * Math.min(perPiece, depth - from));
    for (let i = 0; i * 8 < piece.length; i += 1) {
      piece.writeUInt32BE(8 * (depth - from - i), i * 8);
      piece.write(type, i * 8 + 4, 'latin1');
    }
    yield piece;
  }
}

export function* mp4Files(): Generator<HostileFile> {
  const file = (name: string, pieces: Pieces, expected: HostileFile['expected']): HostileFile => ({
    name: `m4a: ${name}`,
    pieces,
    expected,
  });
  const movie = (name: string, inMovie: Buffer[], expected: HostileFile['expected']): HostileFile =>
    file(name, [m4a(...inMovie)], expected);

  for (const type of ['moov', 'udta', 'meta', 'trak', 'ilst', 'moof']) {
    const depth = type === 'moov' ? 1_000_000 : 100_000;
    yield file(`${depth} nested ${type}`, join(ftyp, nested(type, depth), mdat), [...complex, ...unreadable]);
  }
  yield file('30 nested udta', join(ftyp, box('moov', track(), ...[...nested('udta', 30)]), mdat), complex);
  const free = box('free');
  yield file('2 million empty boxes', join(ftyp, times(2_000_000, free)), complex);
  yield movie('a million boxes in the movie', [track(), filled(1_000_000, free)], complex);
  yield movie('a million tags', [track(), ilst(filled(1_000_000, free))], complex);
  yield movie('90,000 artists', [track(), ilst(filled(30_000, ilstText('\xa9ART', 'a')))], audio);
  yield movie(
    'an artist of 1 MB',
    [track(), ilst(ilstText('\xa9ART', filled(2 ** 19, text('a/'))))],
    complex,
  );
  yield movie('a title of NULs, 1 MB', [track(), ilst(ilstText('\xa9nam', Buffer.alloc(2 ** 20)))], complex);
  yield movie(
    'a picture of 10 MB',
    [track(), ilst(box('covr', box('data', uint32be(13), uint32be(0), Buffer.alloc(10 * 2 ** 20))))],
    audio,
  );
  yield movie(
    'a picture that is not an image',
    [track(), ilst(box('covr', box('data', uint32be(13), uint32be(0), noise(5000))))],
    audio,
  );
  yield movie(
    'a value of an unknown type',
    [track(), ilst(box('\xa9nam', box('data', uint32be(0x01000001), uint32be(0), text('x'))))],
    unreadable,
  );
  yield movie(
    'an integer of 7 bytes as the title',
    [track(), ilst(box('\xa9nam', box('data', uint32be(21), uint32be(0), Buffer.alloc(7))))],
    refused,
  );
  yield movie(
    'an integer as the artist',
    [track(), ilst(box('\xa9ART', box('data', uint32be(21), uint32be(0), Buffer.alloc(4))))],
    any,
  );
  yield movie(
    '300,000 names in a tag',
    [
      track(),
      ilst(box('----', filled(100_000, Buffer.concat([box('mean', uint32be(0)), box('name', uint32be(0))])))),
    ],
    audio,
  );

  for (const [name, size] of [
    ['0', 0],
    ['7', 7],
    ['0xffffffff', 0xffffffff],
    ['beyond the file', 10_000],
  ] as const) {
    yield file(`a movie of the size ${name}`, [ftyp, boxHeader('moov', size), track(), mdat], refused);
    yield movie(`a track of the size ${name}`, [boxHeader('trak', size), Buffer.alloc(100)], refused);
    yield movie(
      `a tag of the size ${name}`,
      [track(), box('udta', box('meta', Buffer.alloc(4), box('ilst', boxHeader('\xa9nam', size))))],
      any,
    );
  }
  for (const size of [0n, 15n, 2n ** 63n, 2n ** 64n - 1n]) {
    yield file(
      `a long size of ${size}`,
      [ftyp, boxHeader('mdat', 1), uint64be(size), mdat, box('moov', track())],
      refused,
    );
  }
  const table = (type: string, entryBytes: number, count: number, entries = 10): Buffer =>
    box(
      type,
      uint32be(0),
      ...(type === 'stsz' ? [uint32be(0)] : []),
      uint32be(count),
      Buffer.alloc(entries * entryBytes),
    );
  for (const [type, bytes] of [
    ['stsz', 4],
    ['stco', 4],
    ['stts', 8],
    ['stsc', 12],
    ['stsd', 16],
  ] as const) {
    yield movie(`${type} with a count of 0xffffffff`, [track(table(type, bytes, 0xffffffff))], audio);
    yield movie(
      `${type} with a count of -1 and no entries`,
      [track(table(type, bytes, 0x80000000, 0))],
      audio,
    );
  }
  yield movie('stsz with 3 million entries', [track(table('stsz', 4, 3_000_000, 3_000_000))], audio);
  yield movie('a movie of 40 MB', [track(), box('free', Buffer.alloc(40 * 2 ** 20))], complex);
  yield movie('30,000 tracks', [filled(30_000, box('trak'))], unreadable);
  yield movie(
    'chapter references to 300,000 tracks',
    [track(), box('trak', box('tref', box('chap', Buffer.alloc(1_200_000))))],
    audio,
  );
  yield movie('a time scale of 0', [track(undefined, 'soun', mediaHeader(0))], unreadable);
  yield movie('a duration of 136 years', [track(undefined, 'soun', mediaHeader(1, 0xfffffffe))], unreadable);
  yield movie('no duration', [track(undefined, 'soun', mediaHeader(44_100, 0))], unreadable);
  yield movie('a media header of 4 bytes', [track(undefined, 'soun', box('mdhd', uint32be(0)))], unreadable);
  yield movie('a video track', [track(), track(undefined, 'vide')], unsupported);
  yield movie('a subtitle track only', [track(undefined, 'text')], unreadable);
  yield movie('no track', [], unreadable);
  yield file('no samples', [ftyp, box('moov', track())], unreadable);
  yield file('samples without an index', [ftyp, mdat], unreadable);
  yield file(
    'a file type of 40 MB',
    join(
      boxHeader('ftyp', 40 * 2 ** 20 + 8),
      text('M4A '),
      times(40 * 2 ** 20 - 4, uint8(65)),
      box('moov', track()),
      mdat,
    ),
    audio,
  );

  const fragmented = (run: Buffer, header = mediaHeader(44_100, 0)): Buffer =>
    Buffer.concat([
      ftyp,
      box('moov', track(undefined, 'soun', header)),
      box('moof', box('traf', box('tfhd', uint32be(0x08), uint32be(1), uint32be(1024)), run)),
      mdat,
    ]);
  yield file(
    'a run of 0xffffffff samples that do not exist',
    [fragmented(box('trun', uint32be(0), uint32be(0xffffffff)))],
    unreadable,
  );
  yield file(
    'a run with 0xffffffff durations',
    [fragmented(box('trun', uint32be(0x100), uint32be(0xffffffff), Buffer.alloc(100)))],
    unreadable,
  );
  yield file(
    'a run of 8 MB of durations',
    [fragmented(box('trun', uint32be(0x100), uint32be(2_000_000), filled(2_000_000, uint32be(1))))],
    audio,
  );
  yield file(
    'a million fragments',
    join(ftyp, box('moov', track(undefined, 'soun', mediaHeader(44_100, 0))), times(1_000_000, box('moof'))),
    complex,
  );
  yield file('a run of 2 bytes', [fragmented(box('trun', uint8(0, 0)))], unreadable);
  yield movie('a handler of 3 bytes', [box('trak', box('mdia', box('hdlr', uint8(1, 2, 3))))], unreadable);
  yield movie('90,000 handlers', [track(), filled(90_000, handler('soun').subarray(0, 33))], audio);
}

export function* wavFiles(): Generator<HostileFile> {
  const file = (name: string, pieces: Pieces, expected: HostileFile['expected']): HostileFile => ({
    name: `wav: ${name}`,
    pieces,
    expected,
  });
  const list = (...parts: Buffer[]): Buffer => chunk('LIST', Buffer.concat([text('INFO'), ...parts]));
  yield file('a million empty chunks', wavOf(times(1_000_000, chunk('junk', Buffer.alloc(0)))), complex);
  yield file('a million nameless chunks', wavOf(times(1_000_000, Buffer.alloc(8))), complex);
  yield file('150,000 lists', wavOf(times(150_000, list())), complex);
  yield file('90,000 lists of an artist', wavOf(times(45_000, list(chunk('IART', text('aa'))))), audio);
  yield file('a million texts', wavOf(list(filled(1_000_000, chunk('IXYZ', text('ab'))))), complex);
  yield file('90,000 artists', wavOf(list(filled(90_000, chunk('IART', text('ab'))))), audio);
  yield file('a title of NULs, 1 MB', wavOf(list(chunk('INAM', Buffer.alloc(2 ** 20)))), complex);
  yield file(
    'a list of 40 MB',
    wavOf(
      join(chunk('LIST', Buffer.alloc(0), 40 * 2 ** 20), text('INFO'), times(40 * 2 ** 20 - 4, uint8(0))),
    ),
    complex,
  );
  for (const id of ['bext', 'iXML', 'JUNK', 'cue ', 'smpl']) {
    yield file(
      `a chunk ${id} of 2 MB`,
      wavOf(join(chunk(id, Buffer.alloc(0), 2 ** 21), times(2 ** 21, uint8(0xff)))),
      audio,
    );
    yield file(`a chunk ${id} of 1 byte`, wavOf(chunk(id, uint8(1))), audio);
    yield file(`a chunk ${id} beyond the file`, wavOf(chunk(id, uint8(1), 0xfffffff0)), unreadable);
  }
  yield file('a text longer than its list', wavOf(list(chunk('INAM', text('x'), 0xfffffff0))), audio);
  yield file(
    'an ID3 tag of 40 MB',
    wavOf(join(chunk('id3 ', Buffer.alloc(0), 40 * 2 ** 20), times(40 * 2 ** 20, uint8(0)))),
    complex,
  );
  const picture = id3Tag(
    3,
    id3Frame(3, 'APIC', Buffer.concat([text('\0image/png\0\x03\0'), Buffer.alloc(1000)])),
  );
  yield file('10,000 ID3 tags with a picture', wavOf(times(10_000, chunk('id3 ', picture))), audio);
  yield file('an ID3 tag longer than its chunk', wavOf(chunk('id3 ', picture.subarray(0, 50))), unreadable);
  const riff = Buffer.concat([text('RIFF'), uint32le(36), text('WAVE')]);
  yield file('no format', [riff, wavData], unreadable);
  yield file('no samples', [riff, wavFormat], unreadable);
  yield file('a format of 2 bytes', [riff, chunk('fmt ', uint8(1, 0)), wavData], unreadable);
  yield file('a format of zeros', [riff, chunk('fmt ', Buffer.alloc(16)), wavData], unreadable);
  for (const length of [0, 0xffffffff]) {
    yield file(
      `samples of the length ${length}`,
      [riff, wavFormat, text('data'), uint32le(length), Buffer.alloc(5000)],
      audio,
    );
  }
  yield file(
    'samples beyond the file',
    [riff, wavFormat, text('data'), uint32le(0xfffffffe), Buffer.alloc(5000)],
    unreadable,
  );
  yield file('a data chunk without samples', [riff, wavFormat, text('data'), uint32le(0)], unreadable);
  yield file(
    'a code page chunk of 1 byte',
    wavOf(chunk('CSET', uint8(1)), list(chunk('INAM', text('x')))),
    audio,
  );
  yield file(
    'an unknown code page',
    wavOf(chunk('CSET', Buffer.alloc(8, 0xff)), list(chunk('INAM', text('x')))),
    audio,
  );
  yield file(
    '50 MB of samples',
    join(riff, wavFormat, text('data'), uint32le(49 * 2 ** 20), times(49 * 2 ** 20, uint8(0x80))),
    audio,
  );
}

export function* mpegFiles(): Generator<HostileFile> {
  const file = (name: string, pieces: Pieces, expected: HostileFile['expected']): HostileFile => ({
    name,
    pieces,
    expected,
  });
  const tinyMp3 = Buffer.concat([uint8(0xff, 0xf3, 0x14, 0x00), Buffer.alloc(20)]);
  yield file('mp3: 2 million frames of 24 bytes', times(2_000_000, tinyMp3), audio);
  yield file(
    'aac: 7 million frames of 7 bytes',
    times(7_000_000, uint8(0xff, 0xf1, 0x50, 0x80, 0, 0xff, 0xfc)),
    audio,
  );
  yield file('mp3: frames, then 49 MB of 0xff', join(mp3Frames(2), times(49 * 2 ** 20, uint8(0xff))), any);
  yield file(
    'mp3: frames, then 49 MB of sync codes',
    join(mp3Frames(2), times(24 * 2 ** 20, uint8(0xff, 0xfb))),
    any,
  );
  yield file(
    'mp3: frames alternating with 100 KB of other bytes',
    times(480, Buffer.concat([mp3Frames(2), Buffer.alloc(100_000, 0xff)])),
    any,
  );
  yield file(
    'mp3: frames alternating with one other byte, 100,000 times',
    times(100_000, Buffer.concat([tinyMp3, tinyMp3, uint8(0)])),
    any,
  );
  for (const bytes of [1, 418, 0x7fffffff, 0xffffffff]) {
    const info = Buffer.from(mp3Frame);
    Buffer.concat([text('Xing'), uint32be(3), uint32be(0xffffffff), uint32be(bytes)]).copy(info, 36);
    yield file(
      `mp3: an info frame that announces 0xffffffff frames and ${bytes} bytes`,
      [info, mp3Frames()],
      bytes > 1e6 ? unreadable : audio,
    );
  }
  yield file('mp3: frames of a free bit rate', [filled(100, uint8(0xff, 0xfb, 0x00, 0x00))], refused);
  yield file(
    'mp3: layer II',
    [filled(100, Buffer.concat([uint8(0xff, 0xfd, 0x90, 0x00), Buffer.alloc(413)]))],
    unsupported,
  );
  yield file('mp3: one truncated frame', [mp3Frame.subarray(0, 200)], unreadable);
  yield file(
    'aac: frames of no bytes',
    [filled(10_000, uint8(0xff, 0xf1, 0x50, 0x80, 0, 0x1f, 0xfc))],
    refused,
  );
  yield file(
    'aac: a reserved sample rate',
    [filled(10_000, uint8(0xff, 0xf1, 0x7c, 0x80, 0, 0xff, 0xfc))],
    refused,
  );
  yield file('aac: frames, then 5 MB of 0xff', join(adtsFrames(), times(5 * 2 ** 20, uint8(0xff))), any);
}
