import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { fixture, wav } from './support/audio.js';
import { filled, noise, type Pieces, text, uint32be, uint32le, uint8 } from './support/hostile/bytes.js';
import {
  adtsFrames,
  apeItem,
  apeTag,
  box,
  chunk,
  flac,
  flacBlock,
  ftyp,
  handler,
  id3Frame,
  id3Header,
  id3Tag,
  type Id3Version,
  ilst,
  ilstText,
  m4a,
  mdat,
  mediaHeader,
  mp3Frame,
  mp3Frames,
  ogg,
  track,
  vorbisComment,
  wavOf,
} from './support/hostile/containers.js';
import { eventually } from './support/listener.js';
import { startInspector, type TestInspector } from './support/inspector.js';

const megabyte = 1024 * 1024;

let inspector: TestInspector;
beforeAll(async () => {
  inspector = await startInspector();
});
afterAll(() => inspector.close());
afterEach(() => expect(inspector.log).toEqual([]));

const whole = (pieces: Pieces | Buffer): Buffer =>
  Buffer.isBuffer(pieces) ? pieces : Buffer.concat([...pieces]);
const inspect = (pieces: Pieces | Buffer) => inspector.inspect(whole(pieces));

/** Bytes that begin like a JPEG picture. */
const jpeg = (bytes: number): Buffer => Buffer.concat([uint8(0xff, 0xd8, 0xff, 0xe0), noise(bytes - 4, 5)]);
const apic = (picture: Buffer): Buffer => Buffer.concat([text('\0image/jpeg\0\x03\0'), picture]);
const pictureBlock = (picture: Buffer): Buffer =>
  Buffer.concat([
    uint32be(3),
    uint32be(10),
    text('image/jpeg'),
    uint32be(0),
    Buffer.alloc(16),
    uint32be(picture.length),
    picture,
  ]);
const tagsOf = (version: Id3Version, ...more: Buffer[]): Buffer =>
  id3Tag(
    version,
    ...more,
    id3Frame(version, 'TIT2', text('\0Song')),
    id3Frame(version, 'TPE1', text('\0Band')),
    id3Frame(version, 'TALB', text('\0Record')),
  );
const named = { title: 'Song', artist: 'Band', album: 'Record' };
const comments = ['title=Song', 'ARTIST=Band', 'Album=Record'];

describe('a cover', () => {
  const large = jpeg(3 * megabyte);
  const carriers: [string, (picture: Buffer) => Pieces | Buffer][] = [
    ['mp3, ID3v2.3', (picture) => [tagsOf(3, id3Frame(3, 'APIC', apic(picture))), mp3Frames()]],
    ['mp3, ID3v2.4', (picture) => [tagsOf(4, id3Frame(4, 'APIC', apic(picture))), mp3Frames()]],
    [
      'mp3, ID3v2.2',
      (picture) => [
        tagsOf(2, id3Frame(2, 'PIC', Buffer.concat([text('\0JPG\x03\0'), picture]))),
        mp3Frames(),
      ],
    ],
    [
      'mp3, APEv2',
      (picture) => [
        mp3Frames(),
        apeTag(
          apeItem('Title', text('Song')),
          apeItem('Artist', text('Band')),
          apeItem('Album', text('Record')),
          apeItem('Cover Art (Front)', Buffer.concat([text('cover.jpg\0'), picture]), undefined, 2),
        ),
      ],
    ],
    ['aac', (picture) => [tagsOf(4, id3Frame(4, 'APIC', apic(picture))), adtsFrames()]],
    ['wav', (picture) => wavOf(chunk('id3 ', tagsOf(3, id3Frame(3, 'APIC', apic(picture)))))],
    ['flac', (picture) => flac(flacBlock(4, vorbisComment(comments)), flacBlock(6, pictureBlock(picture)))],
    ...(['vorbis', 'opus', 'flac in ogg'] as const).map((codec): [string, (picture: Buffer) => Pieces] => [
      codec,
      (picture) =>
        ogg(
          codec,
          vorbisComment([...comments, `METADATA_BLOCK_PICTURE=${pictureBlock(picture).toString('base64')}`]),
        ),
    ]),
    [
      'm4a',
      (picture) =>
        m4a(
          track(),
          ilst(
            ilstText('\xa9nam', 'Song'),
            ilstText('\xa9ART', 'Band'),
            ilstText('\xa9alb', 'Record'),
            box('covr', box('data', uint32be(13), uint32be(0), picture)),
          ),
        ),
    ],
  ];

  it.each(carriers)('of 3 MB in %s is extracted byte for byte, together with the tags', async (_, put) => {
    const { cover, ...audio } = await inspect(put(large));
    expect(audio).toMatchObject(named);
    expect(cover!.mimeType).toBe('image/jpeg');
    expect(Buffer.from(cover!.bytes).equals(large)).toBe(true);
  });

  it.each(carriers)('of 10 MB in %s is ignored, and the file is accepted', async (_, put) => {
    expect(await inspect(put(jpeg(10 * megabyte)))).toMatchObject({ ...named, cover: null });
  });

  it('that is too large is skipped in favour of the next one', async () => {
    const frames = [jpeg(6 * megabyte), jpeg(1000), jpeg(2000)].map((picture) =>
      id3Frame(3, 'APIC', apic(picture)),
    );
    const { cover } = await inspect([tagsOf(3, ...frames), mp3Frames()]);
    expect(cover!.bytes).toHaveLength(1000);
  });

  it('is decoded from an unsynchronised tag', async () => {
    const picture = Buffer.concat([
      uint8(0xff, 0xd8, 0xff, 0xe0),
      filled(500, uint8(0xff, 0, 0xff, 0xfe, 7)),
    ]);
    const frames = Buffer.concat([id3Frame(3, 'APIC', apic(picture)), id3Frame(3, 'TIT2', text('\0Song'))]);
    const escaped = Buffer.from([...frames].flatMap((byte) => (byte === 0xff ? [0xff, 0] : [byte])));
    const { title, cover } = await inspect([id3Header(3, escaped.length, 0x80), escaped, mp3Frames()]);
    expect(title).toBe('Song');
    expect(Buffer.from(cover!.bytes).equals(picture)).toBe(true);
  });

  it('that is not an image is ignored', async () => {
    for (const picture of [noise(1000), text('<svg onload="alert(1)"/>'), text('<html>')]) {
      expect((await inspect([tagsOf(3, id3Frame(3, 'APIC', apic(picture))), mp3Frames()])).cover).toBeNull();
    }
  });
});

describe('content of real files is accepted:', () => {
  const lyrics = 'A line of a long song\n'.repeat(20_000);

  it.each([2, 3, 4] as const)(
    '300 comments, lyrics, ReplayGain and chapters in ID3v2.%d',
    async (version) => {
      const replayGain = id3Frame(version, 'TXXX', text('\0REPLAYGAIN_TRACK_GAIN\0-6.02 dB'));
      const chapter = (number: number): Buffer =>
        id3Frame(
          version,
          'CHAP',
          Buffer.concat([
            text(`chp${number}\0`),
            Buffer.alloc(16),
            id3Frame(version, 'TIT2', text(`\0Part ${number}`)),
          ]),
        );
      const tag = tagsOf(
        version,
        filled(300, id3Frame(version, 'COMM', text('\0engabout\0a comment of some length'))),
        id3Frame(version, 'USLT', text(`\0eng\0${lyrics}`)),
        filled(20, replayGain),
        ...Array.from({ length: version === 2 ? 0 : 200 }, (_, i) => chapter(i)),
      );
      expect(
        await inspect([tag, Buffer.alloc(1000), mp3Frames(), Buffer.alloc(128, text('TAG'))]),
      ).toMatchObject(named);
    },
  );

  it('300 comments and lyrics in FLAC, Vorbis, Opus and FLAC in Ogg', async () => {
    const comment = vorbisComment([
      ...comments,
      ...Array.from({ length: 300 }, (_, i) => `PERFORMER=Someone ${i} (an instrument)`),
      `LYRICS=${lyrics}`,
      'REPLAYGAIN_TRACK_GAIN=-6.02 dB',
      'CHAPTER001=00:00:00.000',
    ]);
    expect(await inspect(flac(flacBlock(4, comment)))).toMatchObject(named);
    for (const codec of ['vorbis', 'opus', 'flac in ogg'] as const) {
      expect(await inspect(ogg(codec, comment))).toMatchObject(named);
    }
  });

  it('an audio book of 20 hours with chapters, as a list and as a track', async () => {
    const samples = 3_100_000;
    const table = box('stsz', uint32be(0), uint32be(0), uint32be(samples), Buffer.alloc(4 * samples, 1));
    const book = Buffer.concat([
      ftyp,
      box(
        'moov',
        box('mvhd', Buffer.alloc(100)),
        track(table, 'soun', mediaHeader(44_100, 20 * 3600 * 44_100)),
        track(box('stsz', uint32be(0), uint32be(0), uint32be(99), Buffer.alloc(4 * 99)), 'text'),
        box(
          'udta',
          box('chpl', Buffer.alloc(9), filled(255, Buffer.concat([Buffer.alloc(8), text('\x09Chapter 1')]))),
          box(
            'meta',
            Buffer.alloc(4),
            handler('mdir'),
            box(
              'ilst',
              ilstText('\xa9nam', 'Song'),
              ilstText('\xa9ART', 'Band'),
              ilstText('\xa9lyr', lyrics),
            ),
          ),
          // QuickTime ends a list with four zero bytes.
          Buffer.alloc(4),
        ),
      ),
      mdat,
    ]);
    expect(await inspect(book)).toMatchObject({ title: 'Song', artist: 'Band', duration: 72_000 });
  });

  it('an MP4 file in 2,000 fragments, with the duration of their samples', async () => {
    const fragment = Buffer.concat([
      box(
        'moof',
        box('mfhd', Buffer.alloc(8)),
        box(
          'traf',
          box('tfhd', uint32be(0), uint32be(1)),
          box('tfdt', Buffer.alloc(8)),
          box('trun', uint32be(0x200), uint32be(43), Buffer.alloc(43 * 4)),
        ),
      ),
      mdat,
    ]);
    const trex = box('trex', uint32be(0), uint32be(1), uint32be(1), uint32be(1024), Buffer.alloc(8));
    const movie = box('moov', track(undefined, 'soun', mediaHeader(44_100, 0)), box('mvex', trex));
    const { duration } = await inspect([ftyp, movie, filled(2000, fragment)]);
    expect(duration).toBeCloseTo((2000 * 43 * 1024) / 44_100, 2);
  });

  it('broadcast and other chunks of a megabyte in WAV, and texts in UTF-8', async () => {
    const large = ['bext', 'iXML', 'LGWV', 'JUNK'].map((id) => chunk(id, Buffer.alloc(megabyte, id)));
    const info = chunk(
      'LIST',
      Buffer.concat([
        text('INFO'),
        ...Array.from({ length: 50 }, () => chunk('ICMT', text('a comment\0'))),
        chunk('INAM', Buffer.from('Größe\0')),
        chunk('IART', Buffer.from('音楽\0')),
      ]),
    );
    const codePage = chunk('CSET', Buffer.concat([uint8(0xe9, 0xfd), Buffer.alloc(6)]));
    expect(await inspect(wavOf(...large, codePage, info))).toMatchObject({
      title: 'Größe',
      artist: '音楽',
      duration: 1,
    });
  });

  it('50 MB of WAV and of FLAC', async () => {
    const sound = wav(6000);
    const length = Buffer.alloc(44 * megabyte);
    expect((await inspect([sound, chunk('junk', length)])).duration).toBe(6000);
    expect(
      (await inspect(flac(...Array.from({ length: 4 }, () => flacBlock(1, Buffer.alloc(12 * megabyte))))))
        .duration,
    ).toBeCloseTo(2, 1);
  });
});

describe('the duration', () => {
  /** A frame of MPEG 1 layer III at 44.1 kHz. @param index of the bit rate, as in the header */
  const frame = (index: number, bytes: number): Buffer =>
    Buffer.concat([uint8(0xff, 0xfb, index << 4, 0), Buffer.alloc(bytes - 4)]);
  const variable = Buffer.concat(
    Array.from({ length: 1000 }, (_, i) => [frame(5, 208), frame(9, 417), frame(14, 1044)][i % 3]!),
  );
  const seconds = (1000 * 1152) / 44_100;

  it('of an MP3 with a variable bit rate and without an info frame is the sum of its frames', async () => {
    expect((await inspect(variable)).duration).toBeCloseTo(seconds, 2);
  });

  it('of an MP3 does not include the info frame and does not depend on its number of frames', async () => {
    for (const claimed of [1000, 0xffffffff]) {
      const info = Buffer.from(mp3Frame);
      Buffer.concat([text('Xing'), uint32be(1), uint32be(claimed)]).copy(info, 36);
      expect((await inspect([info, variable])).duration).toBeCloseTo(seconds, 2);
    }
  });

  it('of an MP3 includes frames after bytes that are not audio', async () => {
    const half = variable.length / 2;
    const cut = variable.lastIndexOf(uint8(0xff, 0xfb), half);
    const spoilt = [
      id3Tag(3),
      Buffer.alloc(3000),
      variable.subarray(0, cut),
      noise(5000, 3),
      variable.subarray(cut),
    ];
    const { duration } = await inspect(spoilt);
    expect(duration).toBeGreaterThan(seconds - 0.1);
    expect(duration).toBeLessThan(seconds + 0.2);
  });

  it('of a FLAC without a total number of samples is that of its frames', async () => {
    const file = Buffer.from(fixture('tagged.flac'));
    const { duration } = await inspect(file);
    file[8 + 13]! &= 0xf0;
    file.fill(0, 8 + 14, 8 + 18);
    expect((await inspect(file)).duration).toBeCloseTo(duration, 3);
  });

  it('of a WAV with an unknown data length is that of the rest of the file', async () => {
    const file = wav(3);
    for (const length of [0, 0xffffffff]) {
      uint32le(length).copy(file, 40);
      expect((await inspect(file)).duration).toBe(3);
    }
  });
});

describe('an inspection thread that fails', () => {
  const worker = pathToFileURL(join(import.meta.dirname, 'support/failing-worker.mjs'));
  let failing: TestInspector;
  beforeAll(async () => {
    failing = await startInspector(worker);
  });
  afterAll(() => failing.close());

  it.each([
    ['hang', 'audio_too_complex', { level: 'warn', reason: 'time' }],
    ['eat memory', 'audio_too_complex', { level: 'warn', reason: 'memory' }],
    ['exit', 'unreadable_audio', { level: 'error' }],
    ['throw', 'unreadable_audio', { level: 'error' }],
  ])(
    'on a file that makes it %s is replaced; the file is refused and the failure logged',
    async (what, code, entry) => {
      failing.log.length = 0;
      const [outcome, other] = await Promise.all([
        failing.outcome(text(what), 'mallory'),
        failing.outcome(text('fine'), 'ada'),
      ]);
      expect([outcome, other]).toEqual([code, 'unsupported_media_type']);
      expect(failing.log).toHaveLength(1);
      expect(failing.log[0]).toMatchObject({ ...entry, user_id: 'mallory', size_bytes: what.length });
      expect(await failing.outcome(text('fine'), 'mallory')).toBe('unsupported_media_type');
    },
  );

  it('does not block other users; files of the same user wait, and are refused with unavailable when 16 wait already', async () => {
    failing.log.length = 0;
    const hanging = failing.outcome(text('hang'), 'mallory');
    const more = Array.from({ length: 20 }, () => failing.outcome(text('fine'), 'mallory'));
    const other = failing.outcome(text('fine'), 'ada');
    expect([await hanging, await other]).toEqual(['audio_too_complex', 'unsupported_media_type']);
    const outcomes = await Promise.all(more);
    expect(outcomes.filter((code) => code === 'unsupported_media_type')).toHaveLength(16);
    expect(outcomes.filter((code) => code === 'unavailable')).toHaveLength(4);
  });

  it('does not delay the shutdown; its file and waiting files are refused with draining', async () => {
    const ending = await startInspector(worker);
    // Starts the thread.
    await ending.outcome(text('fine'));
    const running = ending.outcome(text('hang'));
    await eventually(() => ending.begun === 2, 'the first inspection to begin');
    const waiting = ending.outcome(text('fine'));
    await eventually(() => ending.begun === 3, 'the second one to begin');
    await ending.close();
    expect([await running, await waiting]).toEqual(['draining', 'draining']);
    expect(ending.log).toEqual([]);
  });
});
