import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { maxAdministered } from '../src/rooms/room-limits.js';
import { expectProblem } from './support/answers.js';
import { guest, person, type Person, roomOf } from './support/api.js';
import { type Postgres, startPostgres } from './support/postgres.js';
import { startServer, temporaryFolder, type TestServer } from './support/server.js';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe.each(['SQLite', 'PostgreSQL'])('the rooms that a user administers, on %s', (kind) => {
  let postgres: Postgres | undefined;
  let dataDir: string;
  let env: Record<string, string>;
  let server: TestServer;
  let before: Person;
  beforeAll(async () => {
    postgres = kind === 'PostgreSQL' ? await startPostgres() : undefined;
    dataDir = await temporaryFolder();
    env = { DATA_DIR: dataDir, ...(postgres && { DATABASE_URL: await postgres.database() }) };
    // Without limits, since creating so many takes hours with them.
    server = await startServer(env);
    before = await guest(server.url);
    for (const _ of numbers(maxAdministered - 1)) await roomOf(before);
    await server.close();
    server = await startServer({ ...env, RATE_LIMIT: 'on' });
  }, 300_000);
  afterAll(async () => {
    await server?.close();
    await postgres?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('are limited, also for requests at the same time; deleting or leaving one makes place', async () => {
    const ada = person(server.url, before.token, before.user);
    const create = () => ada.post('/rooms', { name: 'Room' });
    const answers = await Promise.all(numbers(8).map(create));
    const made = answers.filter(({ status }) => status === 201);
    expect(made).toHaveLength(1);
    for (const refused of answers.filter(({ status }) => status !== 201)) {
      expectProblem(refused, 409, 'too_many_rooms');
    }
    const { room } = made[0]!.body;
    await ada.delete(`/rooms/${room.id}`);
    const next = await create();
    expect(next.status).toBe(201);
    expectProblem(await create(), 409, 'too_many_rooms');
    const bob = await guest(server.url);
    await bob.post(`/rooms/${next.body.room.id}/join`);
    await ada.delete(`/rooms/${next.body.room.id}/leave`);
    expect((await create()).status).toBe(201);
    expect((await bob.post('/rooms', { name: 'Room' })).status).toBe(201);
  });
});
