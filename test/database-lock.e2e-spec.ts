import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import BetterSqlite3 from 'better-sqlite3';
import type { Track } from '../src/contract/index.js';
import { expectProblem } from './support/answers.js';
import { type Answer, guest, type Person, roomOf } from './support/api.js';
import { wav } from './support/audio.js';
import { listen, type Listener } from './support/listener.js';
import { type ServerProcess, spawnServer, temporaryFolder } from './support/server.js';

let dataDir: string;
let server: ServerProcess;
let ada: Person;
let roomId: string;
let track: Track;
let listener: Listener;
/** Another program that has the database open. */
let other: BetterSqlite3.Database;
beforeEach(async () => {
  dataDir = await temporaryFolder();
  server = await spawnServer({ DATA_DIR: dataDir });
  ada = await guest(server.url, 'ada');
  roomId = (await roomOf(ada)).id;
  track = (await ada.upload(roomId, wav(60), 'song.wav')).body.track;
  listener = await listen(server.url, ada, roomId);
  other = new BetterSqlite3(join(dataDir, 'roomcast.sqlite'));
});
afterEach(async () => {
  other.close();
  listener.close();
  await server.end('SIGKILL');
  await rm(dataDir, { recursive: true, force: true });
});

/** Answers that need no database, and those that only read. */
async function expectOthersServed(): Promise<void> {
  expect(await listener.ask('time_sync', {})).toMatchObject({ ok: true });
  expect(await listener.ask('room_state', {})).toMatchObject({ ok: true });
  expect((await ada.get(`/rooms/${roomId}`)).status).toBe(200);
  expect((await fetch(`${server.url}/health/live`)).status).toBe(200);
}

it('a write waits for the lock of another process and then succeeds; reads are answered meanwhile', async () => {
  other.exec('begin immediate');
  let written: Answer | undefined;
  const writing = [
    ada.post(`/tracks/${track.id}/vote`),
    ada.post(`/rooms/${roomId}/playback/pause`),
    // A write without a transaction.
    ada.post('/auth/refresh'),
  ].map(async (answer) => (written = await answer));
  const until = performance.now() + 3000;
  let rounds = 0;
  while (performance.now() < until) {
    await expectOthersServed();
    rounds += 1;
  }
  // A server that waits synchronously would not answer.
  expect(rounds).toBeGreaterThan(2);
  expect(written).toBeUndefined();
  other.exec('commit');
  for (const { status } of await Promise.all(writing)) expect([200, 201]).toContain(status);
  await listener.next('track_voted');
  await listener.next('playback_paused');
});

it('a write is answered with 503 after five seconds of another process’s lock, and so are those queued behind it', async () => {
  other.exec('begin immediate');
  const began = performance.now();
  const answers = await Promise.all(Array.from({ length: 20 }, () => ada.post(`/tracks/${track.id}/vote`)));
  expect(performance.now() - began).toBeGreaterThan(4500);
  for (const answer of answers) {
    expectProblem(answer, 503, 'unavailable');
    expect(answer.body.error.message).toContain('locked by another process');
  }
  const ready = await fetch(`${server.url}/health/ready`);
  expect(ready.status).toBe(503);
  expect(((await ready.json()) as any).error.details.checks.database).toMatch(/locked|no answer/);
  await expectOthersServed();
  other.exec('commit');
  expect((await ada.post(`/tracks/${track.id}/vote`)).status).toBe(200);
  expect(
    server
      .output()
      .split('\n')
      .filter((line) => line.includes('"request failed"')),
  ).toHaveLength(1);
}, 60_000);
