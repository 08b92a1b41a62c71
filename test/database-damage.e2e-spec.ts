import {
  copyFile,
  cp,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import BetterSqlite3 from 'better-sqlite3';
import { expectProblem } from './support/answers.js';
import { guest, type Person, person, roomOf } from './support/api.js';
import { fixture, storedCover, wav } from './support/audio.js';
import { filesIn, hashesIn, sha256 } from './support/files.js';
import { eventually } from './support/listener.js';
import { startPostgres } from './support/postgres.js';
import { failingStart, type ServerProcess, spawnServer, temporaryFolder } from './support/server.js';

// Servers are started up to four times in a test.
jest.setTimeout(120_000);

const song = fixture('tagged.mp3');
const cover = await storedCover();

let dataDir: string;
let file: string;
let server: ServerProcess | undefined;
/** The data folder of a server that was filled and has ended cleanly, and what is in it. */
let ended: { dataDir: string; filled: Filled };
beforeAll(async () => {
  dataDir = await temporaryFolder();
  await start();
  ended = { dataDir, filled: await fill() };
  await endCleanly();
});
afterAll(() => rm(ended.dataDir, { recursive: true, force: true }));
beforeEach(async () => {
  dataDir = await temporaryFolder();
  file = join(dataDir, 'roomcast.sqlite');
});
afterEach(async () => {
  await kill();
  await rm(dataDir, { recursive: true, force: true });
});

const start = async (env: Record<string, string> = {}): Promise<ServerProcess> =>
  (server = await spawnServer({ DATA_DIR: dataDir, ...env }));
async function kill(): Promise<void> {
  await server?.end('SIGKILL');
  server = undefined;
}
async function ready(): Promise<{ status: number; body: any; headers: Headers }> {
  const { status, headers, json } = await fetch(`${server!.url}/health/ready`).then(async (response) => ({
    status: response.status,
    headers: response.headers,
    json: await response.json(),
  }));
  return { status, body: json, headers };
}

interface Filled {
  ada: Person;
  roomId: string;
  trackId: string;
}
/** A room with a track and its cover. */
async function fill(): Promise<Filled> {
  const ada = await guest(server!.url, 'ada');
  const roomId = (await roomOf(ada)).id;
  const { body } = await ada.upload(roomId, song, 'song.mp3');
  return { ada, roomId, trackId: body.track.id };
}
/** The same user, with requests to the server that runs now. */
const again = ({ token, user }: Person): Person => person(server!.url, token, user);
const audioFiles = () => filesIn(dataDir, 'files');
const both = [sha256(song), sha256(cover)].sort();

async function overwrite(path: string, from: number, length: number): Promise<void> {
  const handle = await open(path, 'r+');
  await handle.write(Buffer.alloc(length, 'damage '), 0, length, from);
  await handle.close();
}

/** Everything is in the main file after this. */
async function endCleanly(): Promise<void> {
  expect((await server!.end('SIGTERM')).code).toBe(0);
  server = undefined;
}

/** As after `start`, `fill` and `endCleanly`, without the time that they take. */
async function copyEnded(): Promise<Filled> {
  await cp(ended.dataDir, dataDir, { recursive: true });
  return ended.filled;
}

describe('a start with a damaged database', () => {
  it.each<[string, (path: string) => Promise<void>]>([
    ['overwritten from its beginning', (path) => overwrite(path, 0, 4096)],
    ['overwritten in its middle', async (path) => overwrite(path, 8192, (await stat(path)).size - 16_384)],
    ['truncated', async (path) => truncate(path, (await stat(path)).size - 8192)],
    ['emptied', (path) => truncate(path, 0)],
    ['replaced by another file', (path) => writeFile(path, 'not a database'.repeat(1000))],
  ])('ends with one line if it is %s, and changes nothing', async (_, damage) => {
    await copyEnded();
    await damage(file);
    const before = await hashesIn(dataDir);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const { code, text } = await failingStart({ DATA_DIR: dataDir });
      expect(code).toBe(1);
      expect(text.split('\n')).toHaveLength(1);
      expect(text).toContain(`the database ${file} is damaged: `);
      expect(text).toContain('restore a backup');
    }
    expect(await hashesIn(dataDir)).toMatchObject(before);
    expect(await audioFiles()).toEqual(both);
  });

  it('ends with one line if only its write-ahead log is left, and changes nothing', async () => {
    await start();
    await fill();
    await kill();
    await rm(file);
    const before = await hashesIn(dataDir);
    const { code, text } = await failingStart({ DATA_DIR: dataDir });
    expect([code, text]).toEqual([
      1,
      expect.stringContaining(`the database ${file} is damaged: it is missing`),
    ]);
    expect(await hashesIn(dataDir)).toEqual(before);
    expect(await audioFiles()).toEqual(both);
  });

  it('does not occur after a server was killed', async () => {
    await start();
    const { ada, roomId } = await fill();
    await kill();
    await start();
    expect((await again(ada).get(`/rooms/${roomId}`)).status).toBe(200);
  });
});

describe('a start after the database was lost', () => {
  const notKnown = 'The database does not know the audio files';

  async function lose(): Promise<Filled> {
    const filled = await copyEnded();
    await mkdir(join(dataDir, 'backup'));
    await rename(file, join(dataDir, 'backup', 'roomcast.sqlite'));
    return filled;
  }

  it('moves and deletes no audio and is degraded, until the backup is restored', async () => {
    const { ada, trackId } = await lose();
    for (let starts = 0; starts < 2; starts += 1) {
      await start();
      await eventually(() => server!.output().includes(notKnown), 'the log to say so');
      expect(await ready()).toMatchObject({ status: 200, body: { status: 'degraded' } });
      expect((await ready()).body.checks.audio_files).toContain('another database');
      // A user of the new database removes a file that the old database has too.
      const eve = await guest(server!.url, 'eve');
      const room = await roomOf(eve);
      const { body } = await eve.upload(room.id, song, 'song.mp3');
      expect((await eve.delete(`/tracks/${body.track.id}`)).status).toBe(200);
      expect(await audioFiles()).toEqual(both);
      expect(await filesIn(dataDir, 'trash')).toEqual([]);
      await endCleanly();
    }
    await copyFile(join(dataDir, 'backup', 'roomcast.sqlite'), file);
    await start();
    await eventually(async () => (await ready()).body.status === 'ok', 'readiness');
    expect((await again(ada).get(`/tracks/${trackId}/stream`)).status).toBe(200);
    expect(server!.output()).not.toContain(notKnown);
  });

  it('moves the audio to the trash if the new database is accepted, and back when the backup is restored', async () => {
    const { ada, trackId } = await lose();
    await writeFile(join(dataDir, 'database-id'), 'accept\n');
    await start();
    await eventually(async () => (await audioFiles()).length === 0, 'the files to be moved');
    await eventually(() => server!.output().includes('put into the trash'), 'the log to say so');
    for (const name of await filesIn(dataDir, 'trash')) {
      expect(name).toMatch(/^\d{4}-\d\d-\d\d-[0-9a-f]{64}$/);
    }
    expect((await filesIn(dataDir, 'trash')).map((name) => name.slice(11)).sort()).toEqual(both);
    await endCleanly();
    await copyFile(join(dataDir, 'backup', 'roomcast.sqlite'), file);
    await writeFile(join(dataDir, 'database-id'), 'accept\n');
    await start();
    await eventually(async () => (await audioFiles()).length === 2, 'the files to be back');
    expect(await audioFiles()).toEqual(both);
    expect(await filesIn(dataDir, 'trash')).toEqual([]);
    expect((await again(ada).get(`/tracks/${trackId}/stream`)).status).toBe(200);
  });

  it('accepts a data folder without database-id, and writes that file', async () => {
    await copyEnded();
    await rm(join(dataDir, 'database-id'));
    await start();
    await eventually(async () => (await readdir(dataDir)).includes('database-id'), 'the marker');
    expect((await ready()).body.status).toBe('ok');
    expect(await audioFiles()).toEqual(both);
  });
});

it('a file without a track is moved to the trash at start, and deleted after a week', async () => {
  await copyEnded();
  const [orphan, old, recent] = [wav(1, 300), wav(1, 301), wav(1, 302)];
  const folder = join(dataDir, 'files', sha256(orphan).slice(0, 2));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, sha256(orphan)), orphan);
  const dayBefore = (days: number) => new Date(Date.now() - days * 24 * 3600_000).toISOString().slice(0, 10);
  const put = (day: string, bytes: Buffer) =>
    writeFile(join(dataDir, 'trash', `${day}-${sha256(bytes)}`), bytes);
  await put(dayBefore(9), old);
  await put(dayBefore(6), recent);
  await start();
  const trashed = async () => (await filesIn(dataDir, 'trash')).map((name) => name.slice(11)).sort();
  const expected = [sha256(orphan), sha256(recent)].sort();
  await eventually(
    async () => JSON.stringify(await trashed()) === JSON.stringify(expected),
    'the trash to be as it should',
  );
  expect(await audioFiles()).toEqual(both);
  const kept = (await filesIn(dataDir, 'trash')).find((name) => name.endsWith(sha256(orphan)))!;
  expect((await readFile(join(dataDir, 'trash', kept))).equals(orphan)).toBe(true);
});

it('servers with separate data folders can share a PostgreSQL database', async () => {
  const postgres = await startPostgres();
  const otherDir = await temporaryFolder();
  let other: ServerProcess | undefined;
  try {
    const url = await postgres.database();
    await start({ DATABASE_URL: url });
    await fill();
    other = await spawnServer({ DATA_DIR: otherDir, DATABASE_URL: url });
    const eve = await guest(other.url, 'eve');
    const room = await roomOf(eve);
    expect((await eve.upload(room.id, wav(1, 333), 'song.wav')).status).toBe(201);
    await kill();
    await other.end('SIGKILL');
    await start({ DATABASE_URL: url });
    other = await spawnServer({ DATA_DIR: otherDir, DATABASE_URL: url });
    expect((await ready()).body.status).toBe('ok');
    expect(await audioFiles()).toEqual(both);
    expect(await filesIn(otherDir, 'files')).toHaveLength(1);
    expect(await filesIn(otherDir, 'trash')).toEqual([]);
    // Another database knows none of the files.
    await kill();
    await start({ DATABASE_URL: await postgres.database() });
    await eventually(() => server!.output().includes('does not know the audio files'), 'the log to say so');
    expect(await audioFiles()).toEqual(both);
  } finally {
    await other?.end('SIGKILL');
    await kill();
    await postgres.close();
    await rm(otherDir, { recursive: true, force: true });
  }
}, 120_000);

describe('while the server runs, a database that', () => {
  async function expectLost(filled: Filled, reason: string): Promise<void> {
    await eventually(async () => (await ready()).status === 503, 'readiness to notice');
    const unready = await ready();
    expectProblem(unready, 503, 'unavailable');
    expect(unready.body.error.details.checks.database).toContain(reason);
    expect(server!.output()).toContain(`${reason} while the server runs`);
    expectProblem(await filled.ada.post(`/tracks/${filled.trackId}/vote`), 503, 'unavailable');
    expectProblem(await filled.ada.delete(`/tracks/${filled.trackId}`), 503, 'unavailable');
    expect((await fetch(`${server!.url}/health/live`)).status).toBe(200);
    expect(await audioFiles()).toEqual(both);
  }
  const rescued = async () => (await readdir(dataDir)).filter((name) => name.includes('.rescued-'));

  it.each<[string, () => Promise<void>]>([
    ['deleted', () => rm(file)],
    ['deleted', () => Promise.all(['', '-wal', '-shm'].map((end) => rm(file + end))).then(() => undefined)],
    [
      'replaced',
      async () => {
        new BetterSqlite3(`${file}.new`).exec('create table t (a)').close();
        await rename(`${file}.new`, file);
      },
    ],
  ])(
    'is %s is no longer written to, can still be read, and is copied to another name',
    async (what, damage) => {
      await start();
      const filled = await fill();
      await damage();
      await expectLost(filled, `${file} was ${what}`);
      expect((await filled.ada.get(`/rooms/${filled.roomId}`)).status).toBe(200);
      expect((await filled.ada.get(`/tracks/${filled.trackId}/stream`)).status).toBe(200);
      await eventually(() => server!.output().includes('was saved as'), 'the copy to be made');
      const [copy] = await rescued();
      await endCleanly();
      // What the line in the log asks for.
      for (const end of ['', '-wal', '-shm']) await rm(file + end, { force: true });
      await rename(join(dataDir, copy!), file);
      await start();
      expect((await again(filled.ada).get(`/tracks/${filled.trackId}/stream`)).status).toBe(200);
      expect((await ready()).body.status).toBe('ok');
    },
  );

  it('loses its write-ahead log is no longer written to, and is complete after a restart', async () => {
    await start();
    const filled = await fill();
    await rm(`${file}-wal`);
    await expectLost(filled, `${file}-wal was deleted`);
    await kill();
    await start();
    expect((await again(filled.ada).get(`/rooms/${filled.roomId}`)).status).toBe(200);
    expect((await again(filled.ada).post(`/tracks/${filled.trackId}/vote`)).status).toBe(200);
  });

  it.each<[string, () => Promise<void>]>([
    ['overwritten', () => overwrite(file, 0, 4096)],
    ['emptied', () => truncate(file, 0)],
  ])('is %s is no longer written to', async (_, damage) => {
    await start();
    const filled = await fill();
    await damage();
    await expectLost(filled, `${file} is damaged`);
  });

  it('has a damaged page is no longer written to, and reads of the page are answered with 503', async () => {
    const filled = await copyEnded();
    await start();
    const ada = again(filled.ada);
    // A page that the server has not read since its start.
    const pages = new BetterSqlite3(file, { readonly: true });
    const { rootpage } = pages
      .prepare("select rootpage from sqlite_master where name = 'sessions'")
      .get() as {
      rootpage: number;
    };
    const pageSize = pages.pragma('page_size', { simple: true }) as number;
    pages.close();
    await overwrite(file, (rootpage - 1) * pageSize, pageSize);
    expectProblem(await ada.get(`/rooms/${filled.roomId}`), 503, 'unavailable');
    await expectLost({ ...filled, ada }, `${file} is damaged`);
  });
});
