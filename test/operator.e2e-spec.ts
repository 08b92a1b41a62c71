import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { version } from '../src/config/version.js';
import { rest } from '../src/contract/index.js';
import { expectAnswer, expectProblem } from './support/answers.js';
import { type Answer, guest, person, type Person, request, roomOf } from './support/api.js';
import { wav } from './support/audio.js';
import { listen, listenToLobby } from './support/listener.js';
import { type Postgres, startPostgres } from './support/postgres.js';
import { spawnServer, startServer, temporaryFolder, type TestServer } from './support/server.js';

const ADMIN_TOKEN = 'the-token-of-the-operator';
const nowhere = '0192f0c1-0000-7000-8000-000000000000';
const password = 'correct horse battery staple';

const admin = (url: string, method: string, path: string, token = ADMIN_TOKEN): Promise<Answer> =>
  request(url, method, `/admin${path}`, { headers: { authorization: `Bearer ${token}` } });

const post = (url: string, path: string, body: unknown): Promise<Answer> =>
  request(url, 'POST', path, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

async function registered(url: string, username: string): Promise<Person> {
  const { body } = await post(url, '/auth/register', { username, password });
  return person(url, body.token, body.user);
}

/** All pages of a list. */
async function allPages(url: string, path: string, field: 'rooms' | 'users'): Promise<any[]> {
  const found: any[] = [];
  let next: string | null = null;
  do {
    const { body } = await admin(url, 'GET', `${path}limit=2${next === null ? '' : `&after=${next}`}`);
    expect(body[field].length).toBeLessThanOrEqual(2);
    found.push(...body[field]);
    next = body.next;
  } while (next !== null);
  return found;
}

function onAnyDatabase(url: () => string): void {
  it('reads the overview: totals of the features, and figures of deliveries', async () => {
    const ada = await guest(url(), 'ada');
    const room = await roomOf(ada, []);
    const listener = await listen(url(), ada, room.id);
    expect((await ada.upload(room.id, wav(1), 'a.wav')).status).toBe(201);
    await listener.next('track_added');

    const before = await admin(url(), 'GET', '/overview');
    expectAnswer(before, 200, rest.AdminOverview);
    const { body } = before;
    expect(body).toMatchObject({ version, nodejs: process.versions.node, storage: { max_bytes: null } });
    expect(body.rooms).toBeGreaterThanOrEqual(1);
    expect(body.users).toBeGreaterThanOrEqual(1);
    expect(body.connections).toBeGreaterThanOrEqual(1);
    expect(body.storage.tracks).toBeGreaterThanOrEqual(1);
    expect(body.storage.bytes).toBeGreaterThan(wav(1).length - 1);
    expect(body.events_per_second.track_added).toBeGreaterThan(0);
    expect(body.latencies.commit_to_write.p95).toBeGreaterThan(0);
    const after = await admin(url(), 'GET', '/overview');
    expectAnswer(after, 200, rest.AdminOverview);
    expect(after.body.loop_delay).toMatchObject({ max: expect.any(Number) });
    listener.close();
  });

  it('lists all rooms in pages, private ones too, with participants, connections, tracks and bytes', async () => {
    const [ada, bob] = [await guest(url(), 'ada'), await guest(url(), 'bob')];
    const rooms = [await roomOf(ada, [bob]), await roomOf(ada, []), await roomOf(bob, [])];
    await ada.patch(`/rooms/${rooms[0]!.id}`, { visibility: 'private' });
    await ada.upload(rooms[0]!.id, wav(1), 'a.wav');
    const listeners = [await listen(url(), ada, rooms[0]!.id), await listen(url(), ada, rooms[0]!.id)];

    expectAnswer(await admin(url(), 'GET', '/rooms'), 200, rest.AdminRoomList);
    const found = await allPages(url(), '/rooms?', 'rooms');
    expect(found.map(({ id }) => id)).toEqual([...found.map(({ id }) => id)].sort().reverse());
    expect(found.map(({ id }) => id)).toEqual(expect.arrayContaining(rooms.map(({ id }) => id)));
    expect(found.find(({ id }) => id === rooms[0]!.id)).toMatchObject({
      visibility: 'private',
      administrator: ada.user,
      participants: 2,
      online: 1,
      connections: 2,
      tracks: 1,
      bytes: wav(1).length,
      sequence: expect.any(Number),
    });
    listeners.forEach((listener) => listener.close());
  });

  it('deletes a room as its administrator would', async () => {
    const [ada, bob] = [await guest(url(), 'ada'), await guest(url(), 'bob')];
    const room = await roomOf(ada, [bob]);
    const listener = await listen(url(), bob, room.id);
    const lobby = await listenToLobby(url(), bob);
    expectAnswer(await admin(url(), 'DELETE', `/rooms/${room.id}`), 200, rest.RoomCommandAnswer);
    const deleted = await listener.next('room_deleted');
    expect(deleted.data).toMatchObject({ room: { id: room.id }, user: ada.user });
    await listener.closed();
    await lobby.next('room_deleted', ({ data }) => data.room.id === room.id);
    expectProblem(await ada.get(`/rooms/${room.id}`), 404, 'room_not_found');
    expectProblem(await admin(url(), 'DELETE', `/rooms/${room.id}`), 404, 'room_not_found');
    lobby.close();
  });

  it('finds users by a part of their names, in pages', async () => {
    for (const name of ['Grace_1', 'grace_2', 'Grace-3', 'gracex4']) await guest(url(), name);
    expectAnswer(await admin(url(), 'GET', '/users'), 200, rest.AdminUserList);
    const names = async (q: string) =>
      (await allPages(url(), `/users?q=${encodeURIComponent(q)}&`, 'users')).map(({ username }) => username);
    expect(await names('gRaCe')).toEqual(['gracex4', 'Grace-3', 'grace_2', 'Grace_1']);
    expect(await names('grace_')).toEqual(['grace_2', 'Grace_1']);
    expect(await names('%')).toEqual([]);
    expectProblem(await admin(url(), 'GET', '/users?limit=0'), 422, 'invalid_field');
    expectProblem(await admin(url(), 'GET', '/users?after=x'), 422, 'invalid_field');
  });

  it('bans a user: all sessions end, sockets close, and signing in is refused until the ban is lifted', async () => {
    const mallory = await registered(url(), 'mallory');
    const room = await roomOf(mallory, []);
    const listener = await listen(url(), mallory, room.id);
    const login = (given = password) => post(url(), '/auth/login', { username: 'mallory', password: given });
    const ban = `/users/${mallory.user.id}/ban`;

    const banned = await admin(url(), 'POST', ban);
    expectAnswer(banned, 200, rest.AdminUserAnswer);
    await listener.closed();
    expectProblem(await mallory.get('/auth/me'), 401, 'unauthorized');
    expectProblem(await login(), 403, 'banned');
    // Who does not know the password learns nothing of the ban.
    expectProblem(await login('wrong password'), 401, 'invalid_credentials');
    expect((await admin(url(), 'POST', ban)).body).toEqual(banned.body);

    expect((await admin(url(), 'DELETE', ban)).body.user.banned_at).toBeNull();
    expect((await login()).status).toBe(200);
    expectProblem(await mallory.get('/auth/me'), 401, 'unauthorized');
    for (const method of ['POST', 'DELETE']) {
      expectProblem(await admin(url(), method, `/users/${nowhere}/ban`), 404, 'user_not_found');
      expectProblem(await admin(url(), method, '/users/x/ban'), 400, 'malformed');
    }
  });
}

describe('the operator, on SQLite,', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ ADMIN_TOKEN });
  });
  afterAll(() => server.close());
  onAnyDatabase(() => server.url);
});

describe('the operator, on PostgreSQL,', () => {
  let postgres: Postgres;
  let server: TestServer;
  beforeAll(async () => {
    postgres = await startPostgres();
    server = await startServer({ ADMIN_TOKEN, DATABASE_URL: await postgres.database() });
  }, 300_000);
  afterAll(async () => {
    await server?.close();
    await postgres?.close();
  });
  onAnyDatabase(() => server.url);
});

describe('the routes of the operator', () => {
  const routes = [
    ['GET', '/overview'],
    ['GET', '/rooms?limit=x'],
    ['DELETE', '/rooms/x'],
    ['GET', '/users'],
    ['POST', `/users/${nowhere}/ban`],
    ['DELETE', `/users/${nowhere}/ban`],
    ['POST', '/drain'],
  ] as const;

  it('do not exist without ADMIN_TOKEN, whatever is sent', async () => {
    const server = await startServer();
    const unknown = await admin(server.url, 'GET', '/nothing');
    for (const [method, path] of routes) {
      const answer = await admin(server.url, method, path);
      expectProblem(answer, 404, 'not_found');
      expect(answer.body).toEqual(unknown.body);
      expectProblem(await request(server.url, method, `/admin${path}`), 404, 'not_found');
    }
    await server.close();
  });

  it('are refused without the token, and to users', async () => {
    const server = await startServer({ ADMIN_TOKEN });
    const ada = await guest(server.url, 'ada');
    for (const [method, path] of routes) {
      expectProblem(await request(server.url, method, `/admin${path}`), 401, 'unauthorized');
      expectProblem(await admin(server.url, method, path, ada.token), 401, 'unauthorized');
    }
    await server.close();
  });

  it('are refused to wrong tokens with a delay, as wrong passwords are', async () => {
    const server = await startServer({ ADMIN_TOKEN, RATE_LIMIT: 'on' });
    const wrong = () => admin(server.url, 'GET', '/overview', `${ADMIN_TOKEN}x`);
    for (let i = 0; i < 5; i += 1) expectProblem(await wrong(), 401, 'unauthorized');
    const began = performance.now();
    expectProblem(await wrong(), 401, 'unauthorized');
    // 1 s, shortened by a fifth at most.
    expect(performance.now() - began).toBeGreaterThan(790);
    expect((await admin(server.url, 'GET', '/overview')).status).toBe(200);
    await server.close();
  });

  it('drain stops the server as SIGTERM does, after its answer', async () => {
    const DATA_DIR = await temporaryFolder();
    const server = await spawnServer({ DATA_DIR, ADMIN_TOKEN });
    const ada = await guest(server.url, 'ada');
    const lobby = await listenToLobby(server.url, ada);
    const exited = new Promise((resolve) => server.child.once('exit', resolve));
    expectAnswer(await admin(server.url, 'POST', '/drain'), 202, rest.Done);
    await lobby.next('server_status', ({ data }) => data.status === 'draining');
    expect(await exited).toBe(0);
    expect(server.output()).toContain('SIGTERM: shutting down');
    lobby.close();
    await rm(DATA_DIR, { recursive: true, force: true });
  });

  it('name the version of package.json', () => {
    const { version: expected } = JSON.parse(
      readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
    );
    expect(version).toBe(expected);
  });
});
