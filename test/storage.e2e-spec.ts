import { spawn } from 'node:child_process';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readSettings } from '../src/config/settings.js';
import type { Track } from '../src/contract/index.js';
import { UploadFolder } from '../src/tracks/storage/upload-folder.js';
import { UploadsService } from '../src/tracks/uploads.service.js';
import { expectProblem } from './support/answers.js';
import { type Answer, guest, type Person, roomOf, stateOf } from './support/api.js';
import { fixture, paddedWav, storedCover, wav } from './support/audio.js';
import { filesIn } from './support/files.js';
import { RawConnection } from './support/raw-http.js';
import { eventually, listen } from './support/listener.js';
import { type Postgres, startPostgres } from './support/postgres.js';
import { type ServerProcess, spawnServer, startServer, type TestServer } from './support/server.js';
import { mountSmallDisk, type SmallDisk } from './support/small-disk.js';

const megabyte = 1024 * 1024;
const kilobyte = 1024;

function expectFull(answer: Answer, limit: 'user' | 'room' | 'server' | 'disk'): void {
  expectProblem(answer, 507, 'storage_full');
  expect(answer.body.error.details).toMatchObject({ limit });
}

async function upload(someone: Person, roomId: string, bytes: Uint8Array): Promise<Track> {
  const { status, body } = await someone.upload(roomId, bytes, 'song.wav');
  expect({ status, body }).toMatchObject({ status: 201 });
  return body.track;
}

/** Uploads with chunked encoding, without a Content-Length. */
async function chunkedUpload(url: string, { token }: Person, roomId: string, file: Buffer) {
  const sent = httpRequest(`${url}/api/rooms/${roomId}/tracks`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'multipart/form-data; boundary=b' },
  });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  sent.write('--b\r\nContent-Disposition: form-data; name="audio_file"; filename="song.wav"\r\n\r\n');
  for (let from = 0; from < file.length; from += 64 * kilobyte) {
    sent.write(file.subarray(from, from + 64 * kilobyte));
  }
  sent.end('\r\n--b--\r\n');
  const [response] = await answered;
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode!, body: JSON.parse(text), headers: new Headers() };
}

describe.each(['SQLite', 'PostgreSQL'])('storage limits in %s', (kind) => {
  let postgres: Postgres | undefined;
  beforeAll(async () => {
    if (kind === 'PostgreSQL') postgres = await startPostgres();
  }, 120_000);
  afterAll(() => postgres?.close());

  let server: TestServer | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });
  async function start(limits: Record<string, string>): Promise<TestServer> {
    const database: Record<string, string> = postgres ? { DATABASE_URL: await postgres.database() } : {};
    return (server = await startServer({ ...limits, ...database }));
  }

  it('apply to a user in all rooms, count played tracks and every copy, and are freed by removing tracks', async () => {
    const { url, dataDir } = await start({ MAX_USER_STORAGE_MB: '2' });
    const [ada, bob] = [await guest(url, 'ada'), await guest(url, 'bob')];
    const [first, second] = [await roomOf(ada, [bob]), await roomOf(ada)];
    const song = paddedWav(900 * kilobyte);
    const played = await upload(ada, first.id, song);
    await ada.post(`/rooms/${first.id}/playback/skip`);
    const copy = await upload(ada, second.id, song);
    const { sequence } = await stateOf(ada, second.id);
    const refused: Answer = await ada.upload(second.id, song, 'song.wav');
    expectFull(refused, 'user');
    expect(refused.body.error.details).toEqual({
      limit: 'user',
      limit_bytes: 2 * megabyte,
      used_bytes: 1800 * kilobyte,
    });
    expect((await stateOf(ada, second.id)).sequence).toBe(sequence);
    expect(await filesIn(dataDir, 'uploads')).toEqual([]);
    // The limit is per user.
    await upload(bob, first.id, song);
    await ada.delete(`/tracks/${played.id}`);
    await upload(ada, second.id, song);
    await ada.delete(`/tracks/${copy.id}`);
    expect(await filesIn(dataDir, 'files')).toHaveLength(1);
  });

  it('apply to a room and to the server', async () => {
    const { url } = await start({ MAX_ROOM_STORAGE_MB: '1', MAX_STORAGE_MB: '2' });
    const [ada, bob] = [await guest(url, 'ada'), await guest(url, 'bob')];
    const rooms = [await roomOf(ada, [bob]), await roomOf(ada, [bob]), await roomOf(ada, [bob])] as const;
    const song = paddedWav(900 * kilobyte);
    await upload(ada, rooms[0].id, song);
    expectFull(await bob.upload(rooms[0].id, song, 'song.wav'), 'room');
    await upload(bob, rooms[1].id, song);
    expectFull(await bob.upload(rooms[2].id, song, 'song.wav'), 'server');
    await ada.delete(`/rooms/${rooms[0].id}`);
    await upload(bob, rooms[2].id, song);
  });

  it('count covers', async () => {
    const { url } = await start({ MAX_USER_STORAGE_MB: '1' });
    const ada = await guest(url, 'ada');
    const room = await roomOf(ada);
    const [tagged, cover] = [fixture('tagged.mp3'), await storedCover()];
    await upload(ada, room.id, tagged);
    const refused: Answer = await ada.upload(room.id, paddedWav(megabyte), 'song.wav');
    expectFull(refused, 'user');
    expect(refused.body.error.details.used_bytes).toBe(tagged.length + cover.length);
  });

  it('are not exceeded by concurrent uploads, in one room and in several', async () => {
    const { url, dataDir } = await start({ MAX_USER_STORAGE_MB: '2' });
    const ada = await guest(url, 'ada');
    const rooms = [await roomOf(ada), await roomOf(ada), await roomOf(ada)];
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        ada.upload(rooms[i % 3]!.id, paddedWav(500 * kilobyte, 200 + i), 'song.wav'),
      ),
    );
    for (const answer of answers) if (answer.status !== 201) expectFull(answer, 'user');
    const sizes = answers.flatMap(({ status, body }) => (status === 201 ? [body.track.size_bytes] : []));
    // As many as fit.
    expect(sizes).toEqual([1, 2, 3, 4].map(() => 500 * kilobyte));
    expect(await filesIn(dataDir, 'files')).toHaveLength(sizes.length);
    expect(await filesIn(dataDir, 'uploads')).toEqual([]);
    // Nothing stays reserved.
    const [accepted] = answers.filter(({ status }) => status === 201);
    await ada.delete(`/tracks/${accepted!.body.track.id}`);
    await upload(ada, rooms[0]!.id, paddedWav(500 * kilobyte, 500));
  });

  it('count nothing of an upload whose client leaves before its body is read', async () => {
    const { url, app, dataDir } = await start({ MAX_USER_STORAGE_MB: '1' });
    const ada = await guest(url, 'ada');
    const room = await roomOf(ada);
    const { socket } = new RawConnection(url);
    const uploads = app.get(UploadsService);
    const { reserve } = uploads;
    // The client leaves while the storage is reserved, which usually takes too short a time for that.
    uploads.reserve = async (...args) => {
      uploads.reserve = reserve;
      const reservation = await reserve.apply(uploads, args);
      const closed = once(app.getHttpServer(), 'test: closed');
      socket.resetAndDestroy();
      await closed;
      return reservation;
    };
    app
      .getHttpServer()
      .once('connection', (accepted: Socket) =>
        accepted.once('close', () => setImmediate(() => app.getHttpServer().emit('test: closed'))),
      );
    socket.write(
      `POST /api/rooms/${room.id}/tracks HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${ada.token}\r\n` +
        `Content-Type: multipart/form-data; boundary=b\r\nContent-Length: ${900 * kilobyte}\r\n\r\n`,
    );
    await eventually(() => socket.destroyed && uploads.reserve === reserve, 'the client to leave');
    const song = paddedWav(900 * kilobyte);
    await eventually(async () => (await ada.upload(room.id, song, 'song.wav')).status === 201, 'space');
    expect(await filesIn(dataDir, 'uploads')).toEqual([]);
  });

  it('stop an upload without a Content-Length', async () => {
    const { url, dataDir } = await start({ MAX_USER_STORAGE_MB: '1' });
    const ada = await guest(url, 'ada');
    const room = await roomOf(ada);
    expectFull(await chunkedUpload(url, ada, room.id, paddedWav(3 * megabyte)), 'user');
    // The answer is sent before the temporary file is deleted.
    await eventually(
      async () => (await filesIn(dataDir, 'uploads')).length === 0,
      'the temporary files to be deleted',
    );
    expect((await chunkedUpload(url, ada, room.id, paddedWav(megabyte))).status).toBe(201);
  });
});

describe('a file that is being received', () => {
  let disk: SmallDisk;
  beforeAll(async () => {
    disk = await mountSmallDisk(2);
  });
  afterAll(() => disk.close());

  it('is refused with storage_full and deleted when the disk is full', async () => {
    const settings = readSettings({ DATA_DIR: disk.path });
    const folder = new UploadFolder(settings);
    await folder.onModuleInit();
    // Grants everything: another program may fill the disk after the free space was measured.
    const reservation = { take: () => Promise.resolve(), wrote: () => undefined, release: () => undefined };
    const stream = Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(64 * kilobyte)));
    // Multer listens to the stream and reports the first error.
    const seen: unknown[] = [];
    stream.on('error', (error) => seen.push(error));
    const full = { code: 'storage_full', details: { limit: 'disk' } };
    await expect(folder.receive(stream, reservation)).rejects.toMatchObject(full);
    expect(seen).toMatchObject([full]);
    expect(await filesIn(disk.path, 'uploads')).toEqual([]);
  });
});

describe('a disk of 40 MB', () => {
  let disk: SmallDisk;
  let server: ServerProcess | undefined;
  let ada: Person;
  let bob: Person;
  let roomId: string;
  let voted: Track;
  beforeAll(async () => {
    disk = await mountSmallDisk(40);
    server = await spawnServer({ DATA_DIR: join(disk.path, 'data'), MIN_FREE_MB: '10' });
    [ada, bob] = [await guest(server.url, 'ada'), await guest(server.url, 'bob')];
    roomId = (await roomOf(ada, [bob])).id;
    await upload(bob, roomId, paddedWav(300_000, 300));
    voted = await upload(bob, roomId, paddedWav(300_000, 301));
  });
  afterEach(() => disk.empty());
  afterAll(async () => {
    await server?.end('SIGKILL');
    await disk.close();
  });

  const ready = async (): Promise<{ status: number; body: any }> => {
    const response = await fetch(`${server!.url}/health/ready`);
    return { status: response.status, body: await response.json() };
  };
  const dataDir = () => join(disk.path, 'data');
  const vote = async (times = 1): Promise<void> => {
    for (let i = 0; i < times; i += 1) {
      expect((await ada.post(`/tracks/${voted.id}/vote`)).status).toBe(200);
      expect((await ada.delete(`/tracks/${voted.id}/vote`)).status).toBe(200);
    }
  };
  async function expectReading(): Promise<void> {
    expect((await bob.get(`/rooms/${roomId}`)).status).toBe(200);
    expect((await bob.get(`/rooms/${roomId}/events?after=0`)).status).toBe(200);
    expect((await bob.get(`/tracks/${voted.id}/stream`)).status).toBe(200);
  }

  it('that a guest fills keeps MIN_FREE_MB free; other users are not affected, and removing tracks frees space', async () => {
    const eve = await guest(server!.url, 'eve');
    await eve.post(`/rooms/${roomId}/join`);
    const tracks: Track[] = [];
    let refused = 0;
    // Eight at a time: together they would exceed the floor.
    while (refused === 0) {
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          eve.upload(roomId, paddedWav(3 * megabyte, 400 + tracks.length * 8 + i), 'big.wav'),
        ),
      );
      for (const answer of answers) {
        if (answer.status === 201) tracks.push(answer.body.track);
        else {
          expectFull(answer, 'disk');
          refused += 1;
        }
      }
    }
    expect(await disk.freeBytes()).toBeGreaterThan(9 * megabyte);
    // With and without a Content-Length.
    expectFull(await eve.upload(roomId, paddedWav(9 * megabyte, 399), 'big.wav'), 'disk');
    expectFull(await chunkedUpload(server!.url, eve, roomId, paddedWav(9 * megabyte, 398)), 'disk');
    await eventually(
      async () => (await filesIn(dataDir(), 'uploads')).length === 0,
      'the temporary files to be deleted',
    );

    await expectReading();
    await vote(20);
    const listener = await listen(server!.url, bob, roomId);
    expect(await listener.ask('time_sync', {})).toMatchObject({ ok: true });
    listener.close();

    for (const { id } of tracks.splice(0, 3)) expect((await eve.delete(`/tracks/${id}`)).status).toBe(200);
    await upload(eve, roomId, paddedWav(3 * megabyte, 397));
    for (const { id } of tracks) await eve.delete(`/tracks/${id}`);
    expect(await ready()).toMatchObject({ status: 200, body: { status: 'ok' } });
  }, 60_000);

  it('with less than MIN_FREE_MB free makes the server degraded and refuses only uploads, until it is enlarged', async () => {
    const fill = paddedWav(500 * kilobyte);
    await disk.resize(14);
    await eventually(async () => (await ready()).body.status === 'degraded', 'readiness to be degraded');
    const { status, body } = await ready();
    expect(status).toBe(200);
    expect(body.checks).toEqual({
      database: 'ok',
      data_dir: 'ok',
      uploads: expect.stringMatching(/^refused: \d+ MB are free on the disk, MIN_FREE_MB is 10$/),
      audio_files: 'ok',
    });
    expectFull(await bob.upload(roomId, fill, 'song.wav'), 'disk');
    await vote();
    await expectReading();
    await disk.resize(80);
    await eventually(async () => (await ready()).body.status === 'ok', 'readiness to be ok');
    await upload(bob, roomId, fill);
    await disk.resize(40);
  });

  it('that is completely full fails writes with 503, still allows reads, and recovers without a restart', async () => {
    const listener = await listen(server!.url, bob, roomId);
    const { body } = await bob.upload(roomId, wav(30), 'song.wav');
    expect((await ada.post(`/rooms/${roomId}/playback/start`, { track_id: body.track.id })).status).toBe(200);
    expect((await ada.post(`/rooms/${roomId}/playback/seek`, { position: 27 })).status).toBe(200);
    const before = server!.output().length;
    await disk.fill();
    // Writes that fit into the space already allocated for the database's log still succeed.
    let answer: Answer;
    await eventually(
      async () => {
        answer = await ada.post(`/tracks/${voted.id}/vote`);
        if (answer.status === 200) answer = await ada.delete(`/tracks/${voted.id}/vote`);
        return answer.status !== 200;
      },
      'a write to fail',
      30_000,
    );
    expectProblem(answer!, 503, 'unavailable');
    expect(answer!.body.error.message).toContain('disk is full');
    for (let refused = 0; refused < 50;) {
      const vote = await ada.post(`/tracks/${voted.id}/vote`);
      if (vote.status === 200) continue;
      expectProblem(vote, 503, 'unavailable');
      refused += 1;
    }
    // A result from before the disk was full is reused for half a second.
    let unready!: Awaited<ReturnType<typeof ready>>;
    await eventually(async () => (unready = await ready()).status !== 200, 'readiness to fail');
    expectProblem({ ...unready, headers: new Headers() }, 503, 'unavailable');
    expect(unready.body.error.details.checks).toMatchObject({
      database: 'disk is full',
      data_dir: 'disk is full',
    });
    expectFull(await bob.upload(roomId, paddedWav(100 * kilobyte), 'song.wav'), 'disk');
    await expectReading();
    expect(await listener.ask('time_sync', {})).toMatchObject({ ok: true });
    expect(await listener.ask('room_state', {})).toMatchObject({ ok: true });
    // The playing track has ended by now; the scheduler checks it every second and logs the failure once.
    await eventually(
      () => /ended tracks could not be read|could not advance/.test(server!.output()),
      'the scheduler to fail',
    );
    const lines = server!.output().slice(before).split('\n');
    expect(lines.filter((line) => line.includes('"request failed"'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('"not ready'))).toHaveLength(1);
    expect(lines.length).toBeLessThan(30);

    await disk.empty();
    await eventually(async () => (await ready()).status === 200, 'readiness to recover');
    await vote();
    await listener.next('track_skipped', ({ data }) => data.reason === 'ended');
    await upload(bob, roomId, paddedWav(100 * kilobyte));
    expect(await filesIn(dataDir(), 'uploads')).toEqual([]);
    listener.close();
  }, 60_000);

  it('that is full and holds the log file too does not crash the server, and SIGTERM still ends it', async () => {
    const path = join(disk.path, 'log');
    const log = await open(path, 'a');
    const env = { DATA_DIR: join(disk.path, 'logged'), LOG_LEVEL: 'debug', PORT: '0', HOST: '127.0.0.1' };
    const child = spawn(
      process.execPath,
      ['--no-warnings', join(process.env['ROOMCAST_TEST_BUILD']!, 'dist', 'main.js')],
      { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', log.fd, 'inherit'] },
    );
    try {
      let port: string | undefined;
      await eventually(
        async () => {
          port = /listening on port (\d+)/.exec(await readFile(path, 'utf8'))?.[1];
          return port !== undefined;
        },
        'the server to listen',
        30_000,
      );
      await disk.fill();
      // Each request logs a line; together they are more than the last page of the file can take.
      for (let i = 0; i < 50; i += 1) {
        expect((await fetch(`http://127.0.0.1:${port}/api/nothing`)).status).toBe(404);
      }
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
      await disk.empty();
    } finally {
      child.kill('SIGKILL');
      await log.close();
    }
  }, 60_000);
});
