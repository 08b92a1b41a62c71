import { createHash, createHmac } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { rest, type Room, type Track } from '../src/contract/index.js';
import { openApiDocument } from '../src/operations/openapi.js';
import { expectAnswer, expectProblem } from './support/answers.js';
import { type Answer, guest, type Person, request, roomOf, stateOf } from './support/api.js';
import { fixture, storedCover, wav } from './support/audio.js';
import { eventually, Listener } from './support/listener.js';
import { startServer, type TestServer } from './support/server.js';

const secret = 'a secret that only this test knows';
const megabyte = 1024 * 1024;
const coverImage = await storedCover();

let server: TestServer;
let ada: Person;
let bob: Person;
beforeAll(async () => {
  server = await startServer({ MAX_UPLOAD_MB: '1', JWT_SECRET: secret });
  [ada, bob] = [await guest(server.url, 'ada'), await guest(server.url, 'bob')];
});
afterAll(() => server.close());

let room: Room;
beforeEach(async () => {
  room = await roomOf(ada, [bob]);
});
// Deleting the room deletes its files, so that each test sees only its own.
afterEach(async () => {
  await ada.delete(`/rooms/${room.id}`);
});

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Names of all files below a folder of the data folder. */
async function filesIn(folder: 'files' | 'uploads', { dataDir }: TestServer = server): Promise<string[]> {
  const entries = await readdir(join(dataDir, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
}
const isEmpty = async (folder: 'files' | 'uploads', of = server) => (await filesIn(folder, of)).length === 0;

async function upload(bytes: Uint8Array, name: string): Promise<Track> {
  const { status, body } = await ada.upload(room.id, bytes, name);
  expect({ status, body }).toMatchObject({ status: 201 });
  return body.track;
}

/** Requests a path below /api; returns the body as bytes. */
async function read(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const response = await fetch(`${server.url}/api${path}`, { method, headers });
  return {
    status: response.status,
    headers: response.headers,
    bytes: Buffer.from(await response.arrayBuffer()),
  };
}
const bearer = ({ token }: Person) => ({ authorization: `Bearer ${token}` });

/** Sends a multipart form unchanged. */
const sendForm = (form: FormData, to = room.id): Promise<Answer> =>
  request(server.url, 'POST', `/rooms/${to}/tracks`, { headers: bearer(ada), body: form });
const part = (bytes: Uint8Array): Blob => new Blob([new Uint8Array(bytes)]);

const tagged = { title: 'Steel', artist: 'Ada', album: 'Tones' };
const kinds = [
  { name: 'tagged.mp3', mime: 'audio/mpeg', tags: tagged, cover: true },
  { name: 'tagged.m4a', mime: 'audio/mp4', tags: tagged, cover: true },
  { name: 'tagged.flac', mime: 'audio/flac', tags: tagged, cover: true },
  { name: 'tagged.wav', mime: 'audio/wav', tags: tagged, cover: false },
  { name: 'tagged.ogg', mime: 'audio/ogg', tags: tagged, cover: false },
  { name: 'tagged.opus', mime: 'audio/ogg', tags: tagged, cover: false },
  { name: 'plain.aac', mime: 'audio/aac', tags: { title: 'plain', artist: null, album: null }, cover: false },
];

describe('an upload', () => {
  it.each(kinds)(
    'of $name is recognised by its content, and is streamed back byte for byte',
    async ({ name, mime, tags, cover }) => {
      const bytes = fixture(name);
      const answer = await ada.upload(room.id, bytes, name, 'application/x-nonsense');
      expectAnswer(answer, 201, rest.TrackAnswer);
      const { track } = answer.body;
      expect(track).toMatchObject({
        ...tags,
        room_id: room.id,
        original_name: name,
        mime_type: mime,
        size_bytes: bytes.length,
        has_cover: cover,
        uploader: { id: ada.user.id, username: 'ada' },
        vote_score: 0,
        placed: false,
        stream_url: `/api/tracks/${track.id}/stream`,
        cover_url: cover ? `/api/tracks/${track.id}/cover` : null,
      });
      expect(track.duration).toBeGreaterThan(1.9);
      expect(track.duration).toBeLessThan(2.2);

      const metadata = await ada.get(`/tracks/${track.id}/metadata`);
      expectAnswer(metadata, 200, rest.TrackMetadata);
      expect(metadata.body).toEqual({
        track,
        metadata: {
          ...tags,
          duration: track.duration,
          mime_type: mime,
          size_bytes: bytes.length,
          sha256: sha256(bytes),
          cover_mime_type: cover ? 'image/webp' : null,
        },
      });

      const stream = await read(`/tracks/${track.id}/stream`, bearer(bob));
      expect(stream.status).toBe(200);
      expect(stream.headers.get('content-type')).toBe(mime);
      expect(stream.bytes.equals(bytes)).toBe(true);

      const image = await read(`/tracks/${track.id}/cover`, bearer(bob));
      if (cover) {
        expect(image.status).toBe(200);
        expect(image.headers.get('content-type')).toBe('image/webp');
        expect(image.bytes.equals(coverImage)).toBe(true);
      } else {
        expect(image.status).toBe(404);
        expect(JSON.parse(image.bytes.toString())).toMatchObject({ error: { code: 'cover_not_found' } });
      }
      expect(await filesIn('files')).toEqual([sha256(bytes), ...(cover ? [sha256(coverImage)] : [])].sort());
      expect(await filesIn('uploads')).toEqual([]);
    },
  );

  it('is recognised by its content when its name has another extension', async () => {
    expect((await upload(fixture('tagged.flac'), 'song.mp3')).mime_type).toBe('audio/flac');
    expect((await upload(fixture('tagged.mp3'), 'song')).mime_type).toBe('audio/mpeg');
  });

  it('of a file that is stored already stores it once; the file is deleted with its last track', async () => {
    const bytes = fixture('tagged.mp3');
    const both = [sha256(bytes), sha256(coverImage)].sort();
    const elsewhere = await roomOf(ada);
    const first = await upload(bytes, 'one.mp3');
    const second = (await ada.upload(elsewhere.id, bytes, 'two.mp3')).body.track;
    // A different file with the same cover.
    const third = await upload(fixture('tagged.flac'), 'three.flac');
    expect(second.id).not.toBe(first.id);
    expect(await filesIn('files')).toEqual([...both, sha256(fixture('tagged.flac'))].sort());

    await ada.delete(`/tracks/${first.id}`);
    expect(await filesIn('files')).toEqual([...both, sha256(fixture('tagged.flac'))].sort());
    expect((await read(`/tracks/${second.id}/stream`, bearer(ada))).bytes.equals(bytes)).toBe(true);
    await ada.delete(`/rooms/${elsewhere.id}`);
    expect(await filesIn('files')).toEqual([sha256(coverImage), sha256(fixture('tagged.flac'))].sort());
    await ada.delete(`/tracks/${third.id}`);
    expect(await filesIn('files')).toEqual([]);
  });

  it('keeps the files of remaining tracks when the same file is uploaded and removed concurrently', async () => {
    const bytes = fixture('tagged.mp3');
    const rounds = Array.from({ length: 8 }, async (_, i) => {
      const track = (await ada.upload(room.id, bytes, `${i}.mp3`)).body.track;
      if (i % 2 === 0) await ada.delete(`/tracks/${track.id}`);
      return i % 2 === 0 ? [] : [track];
    });
    const kept = (await Promise.all(rounds)).flat();
    expect(kept).toHaveLength(4);
    for (const { id } of kept) {
      expect((await read(`/tracks/${id}/stream`, bearer(bob))).bytes.equals(bytes)).toBe(true);
    }
    for (const { id } of kept) await ada.delete(`/tracks/${id}`);
    expect(await filesIn('files')).toEqual([]);
  });

  it.each([
    ['Some Song.wav', 'Some Song.wav', 'Some Song'],
    ['C:\\fakepath\\song.wav', 'song.wav', 'song'],
    ['music/song.wav', 'song.wav', 'song'],
    ['音楽 – ночь.wav', '音楽 – ночь.wav', '音楽 – ночь'],
    ['.wav', '.wav', '.wav'],
    [`${'x'.repeat(300)}.wav`, `${'x'.repeat(99)}…`, `${'x'.repeat(99)}…`],
    ['<script>alert(1)</script>.wav', 'script>.wav', 'script>'],
  ])(
    'named %.40s is stored under the name without its path, from which the title is derived',
    async (given, original_name, title) => {
      expect(await upload(wav(0.5), given)).toMatchObject({ original_name, title });
    },
  );

  it.each(['../../x.wav', '/etc/passwd', '..\\x.wav', '..', 'a/../../b.wav', '\\\\server\\share\\x.wav'])(
    'named %j is refused with invalid_field and nothing is stored',
    async (name) => {
      expectProblem(await ada.upload(room.id, wav(0.5), name), 422, 'invalid_field');
      expect([...(await filesIn('files')), ...(await filesIn('uploads'))]).toEqual([]);
    },
  );
});

/** The offsets at which the frames of an ADTS stream end. */
function adtsFrameEnds(bytes: Buffer): Set<number> {
  const ends = new Set<number>();
  for (let at = 0; at + 7 <= bytes.length;) {
    at += ((bytes[at + 3]! & 3) << 11) | (bytes[at + 4]! << 3) | (bytes[at + 5]! >> 5);
    ends.add(at);
  }
  return ends;
}

describe('a refused upload stores nothing and raises no event:', () => {
  afterEach(async () => {
    await eventually(() => isEmpty('uploads'), 'the uploads folder to be empty');
    expect(await filesIn('files')).toEqual([]);
    const { events } = (await ada.get(`/rooms/${room.id}/events`)).body;
    const types = events.map(({ type }: { type: string }) => type);
    // One of them changes the settings before it uploads.
    expect(types.filter((type: string) => type !== 'room_state_updated')).toEqual(['user_joined']);
  });

  const zeros = (length: number) => Buffer.alloc(length);
  it.each([
    ['a shell script', 'song.mp3', Buffer.from('#!/bin/sh\nrm -rf /\n'), 415, 'unsupported_media_type'],
    [
      'a page',
      'song.mp3',
      Buffer.from('<!doctype html><script>alert(1)</script>'),
      415,
      'unsupported_media_type',
    ],
    ['an image', 'song.mp3', fixture('cover.png'), 415, 'unsupported_media_type'],
    ['a video', 'video.mp4', fixture('video.mp4'), 415, 'unsupported_media_type'],
    ['a video that is called audio', 'song.m4a', fixture('video.mp4'), 415, 'unsupported_media_type'],
    ['nothing but zeros', 'song.wav', zeros(5000), 415, 'unsupported_media_type'],
    ['an empty file', 'song.mp3', zeros(0), 422, 'unreadable_audio'],
    ['tags without any audio', 'song.mp3', fixture('tagged.mp3').subarray(0, 300), 422, 'unreadable_audio'],
    ['a header without any audio', 'song.wav', wav(0.5).subarray(0, 44), 422, 'unreadable_audio'],
  ] as const)('%s', async (_, name, bytes, status, code) => {
    expectProblem(await ada.upload(room.id, bytes, name, 'audio/mpeg'), status, code);
  });

  it('a file larger than allowed, by one byte and by a factor of three', async () => {
    const file = wav(1);
    for (const length of [megabyte + 1, 3 * megabyte]) {
      const bytes = Buffer.concat([file, zeros(length - file.length)]);
      expectProblem(await ada.upload(room.id, bytes, 'song.wav'), 413, 'payload_too_large');
    }
  });

  it('a file in another field, two files, and a form without a file', async () => {
    const other = new FormData();
    other.append('file', part(wav(0.5)), 'song.wav');
    expectProblem(await sendForm(other), 422, 'invalid_field');
    const two = new FormData();
    two.append('audio_file', part(wav(0.5)), 'one.wav');
    two.append('audio_file', part(wav(0.5)), 'two.wav');
    expectProblem(await sendForm(two), 422, 'invalid_field');
    const both = new FormData();
    both.append('audio_file', part(wav(0.5)), 'one.wav');
    both.append('another', part(wav(0.5)), 'two.wav');
    expectProblem(await sendForm(both), 422, 'invalid_field');
    const text = new FormData();
    text.append('audio_file', 'a text');
    expectProblem(await sendForm(text), 422, 'invalid_field');
    expectProblem(await sendForm(new FormData()), 422, 'invalid_field');
  });

  it('a body that is not a multipart form, or a malformed one', async () => {
    const raw = (type: string, body: Uint8Array | string) =>
      request(server.url, 'POST', `/rooms/${room.id}/tracks`, {
        headers: { ...bearer(ada), 'content-type': type },
        body: typeof body === 'string' ? body : new Uint8Array(body),
      });
    expectProblem(await raw('audio/wav', wav(0.5)), 415, 'unsupported_media_type');
    expectProblem(await raw('application/json', '{}'), 415, 'unsupported_media_type');
    expectProblem(await ada.post(`/rooms/${room.id}/tracks`), 415, 'unsupported_media_type');
    expectProblem(await raw('multipart/form-data', 'x'), 400, 'malformed');
    expectProblem(await raw('multipart/form-data; boundary=b', 'no parts at all'), 400, 'malformed');
    const head = '--b\r\nContent-Disposition: form-data; name="audio_file"; filename="song.wav"\r\n\r\n';
    expectProblem(await raw('multipart/form-data; boundary=b', `${head}RIFF`), 400, 'malformed');
    expectProblem(
      await raw('multipart/form-data; boundary=b', '--b\r\nbroken\u0000header\r\n\r\n\r\n--b--'),
      400,
      'malformed',
    );
  });

  it('a percent-encoded name with a path, control characters or only spaces', async () => {
    for (const name of [
      '..%2F..%2Fx.wav',
      '%2Fetc%2Fpasswd',
      'a%00.wav',
      'a%0Ab.wav',
      '%2E%2E%5Cx.wav',
      '%20',
    ]) {
      const head = `--b\r\nContent-Disposition: form-data; name="audio_file"; filename*=UTF-8''${name}\r\n\r\n`;
      const answer = await request(server.url, 'POST', `/rooms/${room.id}/tracks`, {
        headers: { ...bearer(ada), 'content-type': 'multipart/form-data; boundary=b' },
        body: Uint8Array.from(Buffer.concat([Buffer.from(head), wav(0.5), Buffer.from('\r\n--b--\r\n')])),
      });
      expect({ name, status: answer.status }).toEqual({ name, status: 422 });
      expectProblem(answer, 422, 'invalid_field');
    }
  });

  it.each(['tagged.ogg', 'tagged.opus'])('%s truncated at a page boundary', async (name) => {
    const bytes = fixture(name);
    const starts: number[] = [];
    for (let at = bytes.indexOf('OggS', 1); at !== -1; at = bytes.indexOf('OggS', at + 1)) starts.push(at);
    expect(starts.length).toBeGreaterThanOrEqual(2);
    for (const start of starts) {
      const { status, body } = await ada.upload(room.id, bytes.subarray(0, start), name);
      expect({ start, status, body }).toMatchObject({
        start,
        status: 422,
        body: { error: { code: 'unreadable_audio' } },
      });
    }
  });

  it('an upload by a participant when only the administrator may upload', async () => {
    await ada.patch(`/rooms/${room.id}`, { settings: { upload: 'administrator' } });
    expectProblem(await bob.upload(room.id, wav(0.5), 'song.wav'), 403, 'not_administrator');
  });

  it.each([0.3, 0.9])('an upload whose connection is lost after %d of the body', async (share) => {
    const body = Buffer.concat([wav(60), zeros(400_000)]);
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write(
      `POST /api/rooms/${room.id}/tracks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ada.token}\r\n` +
        `Content-Type: multipart/form-data; boundary=b\r\nContent-Length: ${body.length}\r\n\r\n` +
        '--b\r\nContent-Disposition: form-data; name="audio_file"; filename="song.wav"\r\n\r\n',
    );
    socket.write(body.subarray(0, Math.floor(body.length * share)));
    await eventually(async () => !(await isEmpty('uploads')), 'the upload to begin');
    socket.destroy();
    await eventually(() => isEmpty('uploads'), 'the temporary file to be deleted');
  });

  describe.each(kinds)('$name', ({ name }) => {
    const bytes = fixture(name);
    // An ADTS stream does not have its number of frames: truncated between two frames it is a valid file.
    const undetectable = name === 'plain.aac' ? adtsFrameEnds(bytes) : new Set<number>();
    const refused = async (length: number) => {
      const { status, body } = await ada.upload(room.id, bytes.subarray(0, length), name);
      const cutAt = { name, length };
      expect({ cutAt, status, body }).toEqual({
        cutAt,
        status: status === 415 ? 415 : 422,
        body: {
          error: expect.objectContaining({
            code: status === 415 ? 'unsupported_media_type' : 'unreadable_audio',
          }),
        },
      });
    };

    it('without its last 1 to 500 bytes', async () => {
      for (const missing of [1, 2, 3, 10, 100, 500]) await refused(bytes.length - missing);
    });

    it('truncated at a random offset', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: bytes.length - 1 }).filter((at) => !undetectable.has(at)),
          refused,
        ),
        {
          numRuns: 25,
        },
      );
    });
  });
});

it('a corrupted audio file is accepted or refused with 415 or 422, and never causes a server error', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...kinds),
      fc.array(
        fc.tuple(
          fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
          fc.integer({ min: 0, max: 255 }),
        ),
        {
          minLength: 1,
          maxLength: 30,
        },
      ),
      async ({ name }, changes) => {
        const bytes = Buffer.from(fixture(name));
        for (const [at, value] of changes) bytes[Math.floor(at * Math.min(bytes.length, 600))] = value;
        const { status, body } = await ada.upload(room.id, bytes, name);
        expect([201, 415, 422]).toContain(status);
        if (status === 201) expectAnswer({ status, body, headers: new Headers() }, 201, rest.TrackAnswer);
      },
    ),
    { numRuns: 60 },
  );
});

describe('with the default MAX_UPLOAD_MB of 50', () => {
  let roomy: TestServer;
  beforeAll(async () => {
    roomy = await startServer();
  });
  afterAll(() => roomy.close());

  it('a file of 60 MB is refused and one of 49 MB accepted', async () => {
    const ann = await guest(roomy.url, 'ann');
    const large = await roomOf(ann);
    // A complete WAV file: one second of sound, then a chunk that players ignore.
    const padded = (length: number) => {
      const sound = wav(1);
      const file = Buffer.alloc(length);
      sound.copy(file);
      file.write('junk', sound.length);
      file.writeUInt32LE(length - sound.length - 8, sound.length + 4);
      file.writeUInt32LE(length - 8, 4);
      return file;
    };
    expectProblem(await ann.upload(large.id, padded(60 * megabyte), 'song.wav'), 413, 'payload_too_large');
    await eventually(() => isEmpty('uploads', roomy), 'the uploads folder to be empty');
    expect(await filesIn('files', roomy)).toEqual([]);
    const taken = await ann.upload(large.id, padded(49 * megabyte), 'song.wav');
    expectAnswer(taken, 201, rest.TrackAnswer);
    expect(taken.body.track).toMatchObject({ duration: 1, size_bytes: 49 * megabyte });
  });
});

describe('a stream', () => {
  const bytes = fixture('tagged.mp3');
  const size = bytes.length;
  let track: Track;
  let path: string;
  beforeEach(async () => {
    track = await upload(bytes, 'song.mp3');
    path = `/tracks/${track.id}/stream`;
  });
  const range = (text: string, more: Record<string, string> = {}) =>
    read(path, { ...bearer(bob), range: text, ...more });

  it.each([
    ['bytes=0-99', 0, 99],
    ['bytes=100-199', 100, 199],
    ['bytes=0-0', 0, 0],
    ['bytes=8000-', 8000, size - 1],
    ['bytes=-500', size - 500, size - 1],
    ['bytes=-1', size - 1, size - 1],
    ['bytes=100-999999', 100, size - 1],
    ['bytes=-999999', 0, size - 1],
  ])('answers the range %s with 206 and exactly these bytes', async (text, from, to) => {
    const answer = await range(text);
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${from}-${to}/${size}`);
    expect(answer.headers.get('content-length')).toBe(String(to - from + 1));
    expect(answer.headers.get('content-type')).toBe('audio/mpeg');
    expect(answer.bytes.equals(bytes.subarray(from, to + 1))).toBe(true);
  });

  it.each([`bytes=${size}-`, 'bytes=999999-', `bytes=${size}-${size + 5}`])(
    'answers the range %s with 416 and the size of the file',
    async (text) => {
      const answer = await range(text);
      expect(answer.headers.get('content-range')).toBe(`bytes */${size}`);
      expect(answer.headers.get('content-type')).toMatch('application/json');
      const body = JSON.parse(answer.bytes.toString());
      expectProblem({ status: answer.status, body, headers: answer.headers }, 416, 'range_not_satisfiable');
    },
  );

  it('answers an If-Match that does not match with 412', async () => {
    const answer = await read(path, { ...bearer(bob), 'if-match': '"another"' });
    const body = JSON.parse(answer.bytes.toString());
    expectProblem({ status: answer.status, body, headers: answer.headers }, 412, 'precondition_failed');
  });

  it('ignores a Range header of many spaces at once', async () => {
    const spaces = ' '.repeat(5000);
    // A backtracking expression would take minutes to reject it.
    expect((await range(`bytes=${spaces}-${spaces}x`)).status).toBe(200);
  });

  it.each(['lines=1-2', 'nonsense', 'bytes=5-2'])('ignores the malformed range %j', async (text) => {
    const answer = await range(text);
    expect([200, 416]).toContain(answer.status);
    if (answer.status === 200) expect(answer.bytes.equals(bytes)).toBe(true);
  });

  it('has the same headers for GET and HEAD: ranges, length, type, ETag and private caching', async () => {
    const whole = await read(path, bearer(bob));
    const head = await read(path, bearer(bob), 'HEAD');
    expect(head.status).toBe(200);
    expect(head.bytes).toHaveLength(0);
    for (const { headers } of [whole, head]) {
      expect(headers.get('accept-ranges')).toBe('bytes');
      expect(headers.get('content-length')).toBe(String(size));
      expect(headers.get('content-type')).toBe('audio/mpeg');
      expect(headers.get('etag')).toBe(`"${sha256(bytes)}"`);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      // Only participants may read it, so shared caches must not store it.
      expect(headers.get('cache-control')).toMatch('private');
    }
  });

  it('answers If-None-Match with 304 if the ETag matches, else with 200', async () => {
    // Without this, fetch adds no-cache, which disables 304.
    const plain = { 'cache-control': 'max-age=0' };
    for (const which of ['stream', 'cover']) {
      const of = `/tracks/${track.id}/${which}`;
      const etag = (await read(of, bearer(bob))).headers.get('etag')!;
      const again = await read(of, { ...bearer(bob), 'if-none-match': etag, ...plain });
      expect(again.status).toBe(304);
      expect(again.bytes).toHaveLength(0);
      expect(again.headers.get('etag')).toBe(etag);
      expect((await read(of, { ...bearer(bob), 'if-none-match': '"other"', ...plain })).status).toBe(200);
    }
  });

  it('answers a range with an If-Range of another file with the whole file', async () => {
    const etag = (await read(path, bearer(bob))).headers.get('etag')!;
    expect((await range('bytes=0-9', { 'if-range': etag })).status).toBe(206);
    const other = await range('bytes=0-9', { 'if-range': '"other"' });
    expect(other.status).toBe(200);
    expect(other.bytes.equals(bytes)).toBe(true);
  });

  it('answers with 404 for an unknown track and 400 for a malformed id', async () => {
    for (const which of ['stream', 'cover', 'metadata']) {
      expectProblem(await ada.get(`/tracks/${room.id}/${which}`), 404, 'track_not_found');
      expectProblem(await ada.get(`/tracks/x/${which}`), 400, 'malformed');
    }
  });
});

describe('a media token', () => {
  let track: Track;
  let media: string;
  beforeEach(async () => {
    track = await upload(fixture('tagged.mp3'), 'song.mp3');
    const answer = await bob.post('/auth/media-token');
    expectAnswer(answer, 201, rest.MediaTokenAnswer);
    const lifetime = answer.body.expires_at - Date.now() / 1000;
    expect(lifetime).toBeGreaterThan(3590);
    expect(lifetime).toBeLessThanOrEqual(3600);
    media = answer.body.media_token;
  });

  it('reads streams, covers and metadata', async () => {
    expect(
      (await read(`/tracks/${track.id}/stream?media_token=${media}`)).bytes.equals(fixture('tagged.mp3')),
    ).toBe(true);
    expect((await read(`/tracks/${track.id}/cover?media_token=${media}`)).bytes.equals(coverImage)).toBe(
      true,
    );
    expectAnswer(
      await request(server.url, 'GET', `/tracks/${track.id}/metadata?media_token=${media}`),
      200,
      rest.TrackMetadata,
    );
    expect(
      (await read(`/tracks/${track.id}/stream?media_token=${media}`, { range: 'bytes=0-9' })).status,
    ).toBe(206);
    expect((await read(`/tracks/${track.id}/stream?media_token=${media}`, {}, 'HEAD')).status).toBe(200);
  });

  it('is refused by all other routes, in the header, and by sockets', async () => {
    const { paths } = openApiDocument(server.app);
    const readable = new Set(['stream', 'cover', 'metadata'].map((which) => `GET /api/tracks/{id}/${which}`));
    const open =
      /^\/(health|metrics|api\/(time|admin|invites|auth\/(guest|register|login)|rooms\/\{id\}\/preview))/;
    const routes = Object.entries(paths)
      .filter(([path]) => !open.test(path))
      .flatMap(([path, item]) => Object.keys(item).map((method) => ({ method: method.toUpperCase(), path })));
    for (const { method, path } of routes) {
      const filled = path
        .replace('/api', '')
        .replace('rooms/{id}', `rooms/${room.id}`)
        .replace('tracks/{id}', `tracks/${track.id}`)
        .replace(/\{\w+\}/g, room.id);
      const inHeader = await request(server.url, method, filled, {
        headers: { authorization: `Bearer ${media}` },
      });
      expect({ method, path, status: inHeader.status }).toEqual({ method, path, status: 401 });
      if (readable.has(`${method} ${path}`)) continue;
      const inQuery = await request(server.url, method, `${filled}?media_token=${media}`);
      expect({ method, path, status: inQuery.status }).toEqual({ method, path, status: 401 });
    }
    expect(await new Listener(server.url, `/rooms/${room.id}`, media).refused()).toMatchObject({
      code: 'unauthorized',
    });
    expect((await stateOf(bob, room.id)).room.participant_count).toBe(2);
  });

  it('is refused if it is expired, forged, repeated, or an ordinary token', async () => {
    const [header, payload] = media.split('.') as [string, string];
    const sign = (claims: object) => {
      const text = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    };
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const status = async (token: string) =>
      (await read(`/tracks/${track.id}/stream?media_token=${token}`)).status;
    expect(await status(sign(claims))).toBe(200);
    const expired = sign({ ...claims, exp: Math.floor(Date.now() / 1000) - 1 });
    for (const token of [expired, 'garbage', '', bob.token, `${media}x`]) {
      expect(await status(token)).toBe(401);
    }
    expect(await status(`${media}&media_token=${media}`)).toBe(401);
  });

  it('stops working with the logout of its session, and when the user is removed from the room', async () => {
    const cyd = await guest(server.url, 'cyd');
    await cyd.post(`/rooms/${room.id}/join`);
    const hers = (await cyd.post('/auth/media-token')).body.media_token;
    const path = `/tracks/${track.id}/stream?media_token=`;
    expect((await read(path + hers)).status).toBe(200);
    await cyd.post('/auth/logout');
    expect((await read(path + hers)).status).toBe(401);
    await ada.delete(`/rooms/${room.id}/participants/${bob.user.id}`);
    for (const which of ['stream', 'cover', 'metadata']) {
      expectProblem(
        await request(server.url, 'GET', `/tracks/${track.id}/${which}?media_token=${media}`),
        403,
        'not_a_participant',
      );
    }
  });
});
