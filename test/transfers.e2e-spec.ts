import type { Socket } from 'node:net';
import { readdir, readlink, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Room, Track } from '../src/contract/index.js';
import { maxInFlight, Pipelines } from '../src/operations/limits/pipelines.js';
import {
  minUploadBytesPerSecond,
  RequestBodies,
  uploadIdleMs,
  uploadWindowMs,
} from '../src/operations/limits/request-bodies.js';
import {
  maxUnsentBytes,
  stalledMs,
  StalledConnections,
} from '../src/operations/limits/stalled-connections.js';
import { maxTransfers, OpenTransfers } from '../src/tracks/transfers/open-transfers.js';
import { expectProblem } from './support/answers.js';
import { guest, type Person, request, roomOf } from './support/api.js';
import { fixture, paddedWav } from './support/audio.js';
import { eventually } from './support/listener.js';
import { raiser } from './support/raise.js';
import { bearer, head, RawConnection } from './support/raw-http.js';
import { spawnServer, startServer, temporaryFolder, type TestServer } from './support/server.js';

const megabyte = 1024 * 1024;
// Larger than the kernel's buffers of a connection.
const large = paddedWav(24 * megabyte);

let server: TestServer;
let ada: Person;
let room: Room;
let track: Track;
beforeAll(async () => {
  server = await startServer({ RATE_LIMIT: 'on' });
  ada = await guest(server.url, 'ada');
  room = await roomOf(ada);
  track = (await ada.upload(room.id, large, 'large.wav')).body.track;
});
afterAll(() => server.close());

let bob: Person;
const connections: RawConnection[] = [];
beforeEach(async () => {
  bob = await guest(server.url, 'bob');
  await bob.post(`/rooms/${room.id}/join`);
});
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  await eventually(() => server.app.get(OpenTransfers).size === 0, 'the transfers to end');
});

/** Number of stored files that this process has open. */
async function openFiles(): Promise<number> {
  const names = await readdir('/proc/self/fd');
  const targets = await Promise.all(names.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(join(server.dataDir, 'files'))).length;
}
const nothingIsUploading = async () => (await readdir(join(server.dataDir, 'uploads'))).length === 0;

const connection = (): RawConnection => {
  const made = new RawConnection(server.url);
  connections.push(made);
  return made;
};

/** Requests the audio and stops reading after the first bytes. */
async function unreadStream(who: Person = bob): Promise<RawConnection> {
  const stream = connection();
  stream.send(head('GET', `/api/tracks/${track.id}/stream`, bearer(who)));
  await stream.answers(1);
  stream.socket.pause();
  return stream;
}

const boundary = 'a-boundary';
const opening =
  `--${boundary}\r\nContent-Disposition: form-data; name="audio_file"; filename="a.wav"\r\n` +
  'Content-Type: audio/wav\r\n\r\n';
const ending = `\r\n--${boundary}--\r\n`;

/** An upload that stays open: its first bytes are on disk, and the rest is not sent. */
async function heldUpload(who: Person = bob, to = room.id, size = large.length): Promise<RawConnection> {
  const before = (await readdir(join(server.dataDir, 'uploads'))).length;
  const upload = connection();
  upload.send(
    head(
      'POST',
      `/api/rooms/${to}/tracks`,
      bearer(who),
      `Content-Type: multipart/form-data; boundary=${boundary}`,
      `Content-Length: ${opening.length + size + ending.length}`,
    ) + opening,
  );
  upload.send(large.subarray(0, 1000));
  await eventually(
    async () =>
      upload.statuses.length > 0 || (await readdir(join(server.dataDir, 'uploads'))).length > before,
    'the upload to begin',
  );
  return upload;
}

describe('a slow upload', () => {
  const sweepIn = (ms: number) => server.app.get(RequestBodies).sweep(performance.now() + ms);
  const perWindow = (minUploadBytesPerSecond * uploadWindowMs) / 1000;

  it('that pauses for 30 s is answered with 408, and its temporary file is deleted', async () => {
    const upload = await heldUpload();
    sweepIn(0);
    sweepIn(uploadIdleMs - 1000);
    expect(upload.statuses).toEqual([]);
    sweepIn(uploadIdleMs + 1000);
    await upload.closed();
    expect(upload.statuses).toEqual([408]);
    expect(upload.body).toMatchObject({ error: { code: 'request_timeout' } });
    await eventually(nothingIsUploading, 'the upload to be discarded');
  });

  it('below the minimum rate is answered with 408; at the minimum rate it continues', async () => {
    const [slow, fast] = [await heldUpload(), await heldUpload(ada)];
    sweepIn(0);
    slow.send(large.subarray(1000, 20_000));
    fast.send(large.subarray(1000, 1000 + perWindow + 100_000));
    // Both uploads have made progress, so neither is idle just before the end of the window.
    await eventually(async () => {
      sweepIn(uploadWindowMs - 1000);
      const sizes = await uploadSizes();
      return sizes.length === 2 && sizes[0]! >= 16_000 && sizes[1]! >= perWindow;
    }, 'the bytes to arrive');
    sweepIn(uploadWindowMs + 1000);
    await slow.closed();
    expect(slow.statuses).toEqual([408]);
    expect(fast.statuses).toEqual([]);
    expect(fast.isClosed).toBe(false);
  });
});

async function uploadSizes(): Promise<number[]> {
  const folder = join(server.dataDir, 'uploads');
  const sizes = await Promise.all(
    (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size),
  );
  return sizes.sort((a, b) => a - b);
}

it(`a user may have ${maxTransfers.upload.perUser} uploads at once, and another when one has ended`, async () => {
  const uploads = [];
  for (let i = 0; i < maxTransfers.upload.perUser; i += 1) uploads.push(await heldUpload());
  expectProblem(await bob.upload(room.id, fixture('tagged.mp3'), 'x.mp3'), 429, 'rate_limited');
  expect((await ada.upload(room.id, fixture('tagged.mp3'), 'x.mp3')).status).toBe(201);
  // A client that sends its whole body before it reads still receives the answer.
  const late = new RawConnection(server.url);
  const length = 5_000_000;
  const headers = ['Content-Type: multipart/form-data; boundary=b', `Content-Length: ${length}`];
  late.send(head('POST', `/api/rooms/${room.id}/tracks`, bearer(bob), ...headers)).send(Buffer.alloc(length));
  late.send(head('GET', '/api/time'));
  await late.answers(2);
  expect(late.statuses).toEqual([429, 200]);
  late.destroy();
  uploads[0]!.destroy();
  await eventually(() => server.app.get(OpenTransfers).size < maxTransfers.upload.perUser, 'it to end');
  expect((await bob.upload(room.id, fixture('tagged.mp3'), 'y.mp3')).status).toBe(201);
});

describe('streams that are not read', () => {
  it('are closed after 60 s without progress, and so are their files', async () => {
    const many = 100;
    const stalled = server.app.get(StalledConnections);
    const people = await Promise.all(
      Array.from({ length: Math.ceil(many / 10) }, async (_, index) => {
        const person = await guest(server.url, `person ${index}`);
        await person.post(`/rooms/${room.id}/join`);
        return person;
      }),
    );
    const streams = await Promise.all(
      Array.from({ length: many }, (_, index) => unreadStream(people[index % people.length])),
    );
    expect(await openFiles()).toBe(many);
    // There is progress until the kernel's buffers are full, so several periods may be needed.
    let periods = 0;
    await eventually(async () => {
      periods += 1;
      stalled.sweep(performance.now() + periods * (stalledMs + 1000));
      return (await openFiles()) === 0;
    }, 'the files to be closed');
    expect(server.app.get(OpenTransfers).size).toBe(0);
    streams[0]!.socket.resume();
    await streams[0]!.closed();
    expect(streams[0]!.bytes).toBeLessThan(large.length);
  });

  it('stay open while the client reads, however slowly', async () => {
    const stalled = server.app.get(StalledConnections);
    const stream = await unreadStream();
    for (let minute = 1; stream.bytes < large.length; minute += 1) {
      const before = stream.bytes;
      stalled.sweep(performance.now() + minute * 50_000);
      stream.socket.resume();
      await eventually(() => stream.bytes > before || stream.isClosed, 'more to come');
      stream.socket.pause();
      expect(stream.isClosed).toBe(false);
    }
    expect(stream.bytes).toBeGreaterThan(large.length);
  });

  it('that all make progress are kept, and one more stream of the user is answered with 429', async () => {
    const transfers = server.app.get(OpenTransfers);
    const streams: RawConnection[] = [];
    for (let i = 0; i < maxTransfers.stream.perUser; i += 1) streams.push(await unreadStream());
    // By the time of the sample, all of them have just made progress.
    transfers.sample(performance.now() + 3_600_000);
    const refused = connection();
    refused.send(head('GET', `/api/tracks/${track.id}/stream`, bearer(bob)));
    await refused.answers(1);
    expect(refused.statuses).toEqual([429]);
    expect(refused.text).toMatch(/retry-after: \d+/i);
    expect(streams.some(({ isClosed }) => isClosed)).toBe(false);
  });

  it('that are idle are closed for a new stream of the same user', async () => {
    const streams: RawConnection[] = [];
    for (let i = 0; i < maxTransfers.stream.perUser; i += 1) streams.push(await unreadStream());
    let latest: RawConnection | undefined;
    await eventually(
      async () => {
        latest?.destroy();
        latest = await unreadStream();
        return latest.statuses[0] === 200;
      },
      'a new stream to be accepted',
      20_000,
    );
    for (const { socket } of streams) socket.resume();
    await eventually(() => streams.some(({ isClosed }) => isClosed), 'one to be closed');
  });
});

describe('an upload and a stream in progress are closed', () => {
  const ends: [string, (who: Person, inRoom: Room) => Promise<unknown>][] = [
    ['by a logout', (who) => who.post('/auth/logout')],
    ['by removing the user', (who, { id }) => ada.delete(`/rooms/${id}/participants/${who.user.id}`)],
    ['by a ban', (who, { id }) => ada.delete(`/rooms/${id}/participants/${who.user.id}?ban=true`)],
    ['by leaving the room', (who, { id }) => who.delete(`/rooms/${id}/leave`)],
    ['by deleting the room', (_, { id }) => ada.delete(`/rooms/${id}`)],
  ];

  it.each(ends)('%s, and those of other users continue', async (_, end) => {
    const own = await roomOf(ada, [bob]);
    const stays = await heldUpload(ada);
    const upload = await heldUpload(bob, own.id);
    const there = (await bob.upload(own.id, large, 'large.wav')).body.track;
    const stream = connection();
    stream.send(head('GET', `/api/tracks/${there.id}/stream`, bearer(bob)));
    await stream.answers(1);
    stream.socket.pause();
    await end(bob, own);
    await upload.closed();
    stream.socket.resume();
    await stream.closed();
    expect(upload.statuses).toEqual([]);
    expect(stream.bytes).toBeLessThan(large.length);
    expect(stays.isClosed).toBe(false);
    stays.destroy();
    await eventually(nothingIsUploading, 'the uploads to be discarded');
    const left = await ada.get(`/rooms/${own.id}/tracks`);
    if (left.status === 200) expect(left.body.total).toBe(1);
    await ada.delete(`/rooms/${own.id}`);
  });
});

it('a missing file is answered with 404 and logged as one error, for streams and covers, with and without ranges', async () => {
  const dataDir = await temporaryFolder();
  const child = await spawnServer({ DATA_DIR: dataDir });
  const eve = await guest(child.url, 'eve');
  const hers = await roomOf(eve);
  const { body } = await eve.upload(hers.id, fixture('tagged.mp3'), 'x.mp3');
  await rm(join(dataDir, 'files'), { recursive: true });
  const asked = [
    ['stream', {}],
    ['stream', { range: 'bytes=-1000' }],
    ['stream', { range: 'bytes=0-9' }],
    ['cover', {}],
    ['cover', { range: 'bytes=-9' }],
  ] as const;
  for (const [which, headers] of asked) {
    const path = `/tracks/${body.track.id}/${which}`;
    const answer = await request(child.url, 'GET', path, {
      headers: { authorization: `Bearer ${eve.token}`, ...headers },
    });
    expectProblem(answer, 404, 'audio_missing');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  }
  await child.end('SIGTERM');
  const lines = child
    .output()
    .split('\n')
    .filter((line) => line.includes('"level":50'));
  expect(lines).toHaveLength(asked.length);
  for (const line of lines) {
    expect(JSON.parse(line)).toMatchObject({
      track_id: body.track.id,
      file: expect.stringContaining(dataDir),
    });
  }
  await rm(dataDir, { recursive: true });
});

it('200 covers over 6 connections at once, and 50 uploads one after another, are not limited', async () => {
  const { body } = await bob.upload(room.id, fixture('tagged.mp3'), 'x.mp3');
  const { media_token } = (await bob.post('/auth/media-token')).body;
  const six = Array.from({ length: 6 }, () => connection());
  const statuses = await Promise.all(
    six.map(async (own, index) => {
      const count = index < 2 ? 34 : 33;
      for (let i = 1; i <= count; i += 1) {
        own.send(head('GET', `/api/tracks/${body.track.id}/cover?media_token=${media_token}`));
        await own.answers(i);
      }
      return own.statuses;
    }),
  );
  expect(statuses.flat()).toEqual(Array<number>(200).fill(200));
  for (let i = 0; i < 50; i += 1) {
    const file = paddedWav(megabyte);
    file.writeUInt32LE(i, file.length - 4);
    const answer = await bob.upload(room.id, file, `${i}.wav`);
    expect(answer.status).toBe(201);
    await bob.delete(`/tracks/${answer.body.track.id}`);
  }
}, 60_000);

it('connections with unread answers are closed when their total exceeds the limit, and clients that read are served', async () => {
  const own = await startServer();
  const [eve, fay] = [await guest(own.url, 'eve'), await guest(own.url, 'fay')];
  const hers = await roomOf(eve, [fay]);
  await raiser(own, eve, hers.id).critical(100, 'x'.repeat(10_000));
  const path = `/api/rooms/${hers.id}/events?limit=1000`;
  const sockets = new Set<Socket>();
  own.app.getHttpServer().on('request', ({ socket }: { socket: Socket }) => sockets.add(socket));
  for (let i = 0; i < 60; i += 1) {
    const unread = new RawConnection(own.url);
    connections.push(unread);
    unread.send(head('GET', path, bearer(eve)).repeat(maxInFlight)).socket.pause();
  }
  await eventually(() => [...sockets].some(({ destroyed }) => destroyed), 'one to be closed', 30_000);
  const reader = await fay.get(`/rooms/${hers.id}/events?limit=1000`);
  expect({ status: reader.status, more: reader.body.more }).toEqual({ status: 200, more: true });
  own.app.get(StalledConnections).sweep(performance.now());
  const pipelines = own.app.get(Pipelines);
  const open = [...sockets].filter(({ destroyed }) => !destroyed);
  const held = open.reduce((sum, socket) => sum + pipelines.unsentBytes(socket), 0);
  expect(held).toBeLessThanOrEqual(maxUnsentBytes);
  await own.close();
}, 60_000);
