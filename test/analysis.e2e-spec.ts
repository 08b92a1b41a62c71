import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import sharp from 'sharp';
import { rest, type Room, type Track } from '../src/contract/index.js';
import { readSettings } from '../src/config/settings.js';
import { createServer } from '../src/server.js';
import { expectAnswer, expectProblem } from './support/answers.js';
import { type Answer, guest, type Person, roomOf } from './support/api.js';
import { fixture, wav } from './support/audio.js';
import { programs, startServer, temporaryFolder, type TestServer } from './support/server.js';

// Files are decoded with low priority, which takes time on a busy machine.
jest.setTimeout(60_000);

let server: TestServer;
let ada: Person;
let bob: Person;
let room: Room;
beforeAll(async () => {
  server = await startServer();
  [ada, bob] = [await guest(server.url, 'ada'), await guest(server.url, 'bob')];
});
beforeEach(async () => {
  room = await roomOf(ada, [bob]);
});
afterAll(() => server.close());

async function upload(bytes: Uint8Array, name: string): Promise<Track> {
  const answer: Answer = await ada.upload(room.id, bytes, name);
  expectAnswer(answer, 201, rest.TrackAnswer);
  return answer.body.track;
}
const read = (path: string, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/api${path}`, { headers: { authorization: `Bearer ${bob.token}`, ...headers } });

/** An ID3 tag with a picture, before the MP3 frames of a fixture without it. */
function mp3WithCover(picture: Uint8Array): Buffer {
  const frame = Buffer.concat([Buffer.from('\0image/png\0\x03\0', 'latin1'), picture]);
  const frameHeader = Buffer.alloc(10);
  frameHeader.write('APIC');
  frameHeader.writeUInt32BE(frame.length, 4);
  const size = frame.length + 10;
  const header = Buffer.from('ID3\x03\0\0\0\0\0\0', 'latin1');
  for (let i = 0; i < 4; i += 1) header[6 + i] = (size >> (7 * (3 - i))) & 0x7f;
  const tagged = fixture('tagged.mp3');
  const end = 10 + [6, 7, 8, 9].reduce((sum, at) => (sum << 7) | tagged[at]!, 0);
  return Buffer.concat([header, frameHeader, frame, tagged.subarray(end)]);
}

describe('the audio of an upload', () => {
  // A sine of 2 s with a peak of 1/8 of full scale, in one channel; the encoders change it a little.
  it.each(['tagged.mp3', 'tagged.flac', 'tagged.wav', 'tagged.ogg', 'tagged.opus'])(
    '%s: is measured, and has a waveform',
    async (name) => {
      const track = await upload(fixture(name), name);
      expect(track).toMatchObject({ has_waveform: true });
      expect(track.loudness!.integrated_lufs).toBeGreaterThan(-19.5);
      expect(track.loudness!.integrated_lufs).toBeLessThan(-18.5);
      expect(track.loudness!.true_peak_db).toBeGreaterThan(-18.6);
      expect(track.loudness!.true_peak_db).toBeLessThan(-17.6);
      const waveform = await bob.get(`/tracks/${track.id}/waveform`);
      expectAnswer(waveform, 200, rest.Waveform);
      const peaks: number[] = waveform.body.peaks;
      expect(Math.max(...peaks.slice(40, 360))).toBeLessThanOrEqual(0.14);
      expect(Math.min(...peaks.slice(40, 360))).toBeGreaterThanOrEqual(0.1);
    },
  );

  it.each(['tagged.m4a', 'plain.aac'])(
    '%s: is accepted without, because there is no decoder',
    async (name) => {
      const track = await upload(fixture(name), name);
      expect(track).toMatchObject({ has_waveform: false, loudness: null });
      expectProblem(await bob.get(`/tracks/${track.id}/waveform`), 404, 'waveform_not_found');
    },
  );

  it('is accepted without if its frames are garbage', async () => {
    const bytes = Buffer.from(fixture('tagged.ogg'));
    bytes.fill(0x55, 4200, bytes.length - 400);
    const answer = await ada.upload(room.id, bytes, 'song.ogg');
    if (answer.status === 201) expect(answer.body.track.has_waveform).toBe(false);
    else expectProblem(answer, 422, 'unreadable_audio');
  });

  it('has a waveform that participants read, with an ETag', async () => {
    const track = await upload(wav(1), 'song.wav');
    const first = await read(`/tracks/${track.id}/waveform`);
    expect([first.status, first.headers.get('cache-control')]).toEqual([200, 'private, max-age=3600']);
    const again = await read(`/tracks/${track.id}/waveform`, {
      'if-none-match': first.headers.get('etag')!,
      'cache-control': 'max-age=0',
    });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const stranger = await guest(server.url, 'eve');
    expectProblem(await stranger.get(`/tracks/${track.id}/waveform`), 403, 'not_a_participant');
  });

  it('of silence has a waveform and no loudness', async () => {
    const silence = wav(1);
    silence.fill(128, 44);
    expect(await upload(silence, 'silence.wav')).toMatchObject({ has_waveform: true, loudness: null });
  });
});

describe('a cover', () => {
  it('is served re-encoded, in three sizes, with its dominant colour', async () => {
    const picture = await sharp({ create: { width: 1500, height: 750, channels: 3, background: '#2040c0' } })
      .png()
      .toBuffer();
    const track = await upload(mp3WithCover(picture), 'song.mp3');
    expect(track.has_cover).toBe(true);
    const color = /^#(..)(..)(..)$/
      .exec(track.cover_color!)!
      .slice(1)
      .map((hex) => parseInt(hex, 16));
    [0x20, 0x40, 0xc0].forEach((value, i) => expect(Math.abs(color[i]! - value)).toBeLessThan(16));
    for (const [query, width] of [
      ['', 1024],
      ['?size=1024', 1024],
      ['?size=320', 320],
      ['?size=96', 96],
    ] as const) {
      const image = await read(`/tracks/${track.id}/cover${query}`);
      expect([image.status, image.headers.get('content-type')]).toEqual([200, 'image/webp']);
      const { format, ...size } = await sharp(Buffer.from(await image.arrayBuffer())).metadata();
      expect({ format, width: size.width, height: size.height }).toEqual({
        format: 'webp',
        width,
        height: width / 2,
      });
    }
    for (const size of ['97', '0', '', 'x', '96&size=320']) {
      expectProblem(await bob.get(`/tracks/${track.id}/cover?size=${size}`), 422, 'invalid_field');
    }
  });

  it('that cannot be decoded, or would take too much memory, is left out', async () => {
    const picture = await sharp({ create: { width: 200, height: 200, channels: 3, background: '#f00' } })
      .png()
      .toBuffer();
    // IHDR announces 50,000 by 50,000 pixels.
    const huge = Buffer.from(picture);
    huge.writeUInt32BE(50_000, 16);
    huge.writeUInt32BE(50_000, 20);
    const bomb = await sharp({
      create: { width: 6000, height: 6000, channels: 3, background: '#000' },
      limitInputPixels: false,
    })
      .png()
      .toBuffer();
    for (const bad of [
      huge,
      bomb,
      picture.subarray(0, picture.length / 2),
      Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    ]) {
      const track = await upload(mp3WithCover(bad), 'song.mp3');
      expect(track).toMatchObject({
        has_cover: false,
        cover_color: null,
        cover_url: null,
        has_waveform: true,
      });
    }
  });
});

it.each(['hang', 'eat memory', 'exit', 'throw'])(
  'an upload succeeds without waveform if the process that decodes it does this, and the next has one: %s',
  async (failure) => {
    const dataDir = await temporaryFolder();
    const [entry, cause] = [join(dataDir, 'process.mjs'), join(dataDir, failure)];
    const failures = new URL('./support/failing-worker.mjs', import.meta.url);
    await writeFile(cause, failure);
    await writeFile(
      entry,
      `import { existsSync } from 'node:fs';
       import fail from ${JSON.stringify(failures.href)};
       const path = ${JSON.stringify(cause)};
       if (existsSync(path)) process.on('message', () => fail({ path }));
       else await import(${JSON.stringify(programs.audio.href)});`,
    );
    const settings = readSettings({ PORT: '0', LOG_LEVEL: 'silent', RATE_LIMIT: 'off', DATA_DIR: dataDir });
    const app = await createServer(settings, {
      programs: { ...programs, audio: pathToFileURL(entry) },
    });
    await app.listen(0, '127.0.0.1');
    try {
      const { port } = app.getHttpServer().address() as { port: number };
      const eve = await guest(`http://127.0.0.1:${port}`, 'eve');
      const there = await roomOf(eve);
      const answer = await eve.upload(there.id, fixture('tagged.mp3'), 'song.mp3');
      expect(answer.status).toBe(201);
      expect(answer.body.track).toMatchObject({ has_waveform: false, loudness: null, has_cover: true });
      await rm(cause);
      const next = await eve.upload(there.id, fixture('tagged.mp3'), 'song.mp3');
      expect(next.body.track).toMatchObject({ has_waveform: true, has_cover: true });
    } finally {
      await app.close();
    }
  },
);
