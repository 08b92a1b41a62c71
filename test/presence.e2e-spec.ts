import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { type Envelope } from '../src/contract/index.js';
import { v7 as uuid } from 'uuid';
import { NodeId } from '../src/cluster/node-id.js';
import { Database } from '../src/database/database.js';
import { EventBroadcasterService } from '../src/events/event-broadcaster.service.js';
import { guest, person, roomOf, stateOf } from './support/api.js';
import { eventually, listen, type Listener } from './support/listener.js';
import {
  type ServerProcess,
  spawnServer,
  startServer,
  temporaryFolder,
  type TestServer,
} from './support/server.js';

let server: TestServer;
const opened: Listener[] = [];
// Also those that are still starting when a test is given up.
const processes: Promise<ServerProcess>[] = [];
const folders: string[] = [];
beforeAll(async () => {
  server = await startServer();
});
afterEach(async () => {
  for (const listener of opened.splice(0)) listener.close();
  for (const starting of processes.splice(0)) {
    const { child, end } = await starting;
    if (child.exitCode === null && child.signalCode === null) {
      await end('SIGKILL');
    }
  }
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}, 60_000);
afterAll(() => server.close());

const spawn = (folder: string): Promise<ServerProcess> => {
  const starting = spawnServer({ DATA_DIR: folder });
  processes.push(starting);
  return starting;
};

const hear = async (...args: Parameters<typeof listen>): Promise<Listener> => {
  const listener = await listen(...args);
  opened.push(listener);
  return listener;
};

const presence = (listener: Listener) =>
  listener.logged
    .filter(({ type }) => /websocket$/.test(type))
    .map((event) => {
      const { user, online_count } = (event as Envelope<'user_connected_websocket'>).data;
      return [event.type, user.username, online_count];
    });

it('a user is online from the start of their first connection to the end of their last', async () => {
  const [ada, bob] = [await guest(server.url, 'ada'), await guest(server.url, 'bob')];
  const room = await roomOf(ada, [bob]);
  const hers = await hear(server.url, ada, room.id);
  const [first, second, third] = [
    await hear(server.url, bob, room.id),
    await hear(server.url, bob, room.id),
    await hear(server.url, bob, room.id),
  ];
  expect((await stateOf(ada, room.id)).room.online_count).toBe(2);
  first.close();
  second.socket.io.engine.close();
  // A later event: when it has arrived, an event of the closing would have too.
  const { sequence } = await stateOf(ada, room.id);
  await ada.patch(`/rooms/${room.id}`, { name: 'Later' });
  await hers.next('room_state_updated');
  expect((await stateOf(ada, room.id)).sequence).toBe(sequence + 1);
  third.close();
  await hers.next('user_disconnected_websocket');
  expect(presence(hers)).toEqual([
    ['user_connected_websocket', 'bob', 2],
    ['user_disconnected_websocket', 'bob', 1],
  ]);
  expect((await stateOf(ada, room.id)).room.online_users).toEqual([ada.user]);
  await hear(server.url, bob, room.id);
  await hers.until(() => presence(hers).length === 3, 'his return');
  expect(presence(hers).at(-1)).toEqual(['user_connected_websocket', 'bob', 2]);
});

it("a user's connected and disconnected events alternate if connections open and close concurrently", async () => {
  const [ada, bob] = [await guest(server.url, 'ada'), await guest(server.url, 'bob')];
  const room = await roomOf(ada, [bob]);
  const hers = await hear(server.url, ada, room.id);
  await Promise.all(
    Array.from({ length: 10 }, async (_, i) => {
      const his = await hear(server.url, bob, room.id);
      if (i % 2) his.close();
      else his.socket.io.engine.close();
    }),
  );
  await hers.until(() => presence(hers).at(-1)?.[0] === 'user_disconnected_websocket', 'his going');
  // Both types alternate.
  const told = presence(hers).map(([type]) => type);
  expect(told).toEqual(
    told.map((_, i) => (i % 2 ? 'user_disconnected_websocket' : 'user_connected_websocket')),
  );
  expect((await stateOf(ada, room.id)).room.online_users).toEqual([ada.user]);
});

it('a user who loses the connection and reconnects within the grace raises no event', async () => {
  const [ada, bob] = [await guest(server.url, 'ada'), await guest(server.url, 'bob')];
  const room = await roomOf(ada, [bob]);
  const hers = await hear(server.url, ada, room.id);
  const his = await hear(server.url, bob, room.id);
  await hers.next('user_connected_websocket');
  const { sequence } = await stateOf(ada, room.id);
  for (let breaks = 0; breaks < 3; breaks += 1) {
    const connection = breaks === 0 ? his : opened.at(-1)!;
    connection.socket.io.engine.close();
    await connection.until(() => !connection.socket.connected);
    expect((await stateOf(ada, room.id)).room.online_count).toBe(2);
    await hear(server.url, bob, room.id);
  }
  // The lost connections were removed, and the last one was not.
  opened.at(-1)!.socket.io.engine.close();
  await hers.next('user_disconnected_websocket');
  expect(presence(hers)).toEqual([
    ['user_connected_websocket', 'bob', 2],
    ['user_disconnected_websocket', 'bob', 1],
  ]);
  expect((await stateOf(ada, room.id)).sequence).toBe(sequence + 1);
}, 30_000);

it('a user who connects and leaves 30 times raises fewer than 20 events', async () => {
  const limited = await startServer({ RATE_LIMIT: 'on' });
  try {
    const [ada, bob] = [await guest(limited.url, 'ada'), await guest(limited.url, 'bob')];
    const room = await roomOf(ada, [bob]);
    const before = (await stateOf(ada, room.id)).sequence;
    for (let visits = 0; visits < 30; visits += 1) (await hear(limited.url, bob, room.id)).close();
    const written = (await stateOf(ada, room.id)).sequence - before;
    expect(written).toBeGreaterThan(0);
    expect(written).toBeLessThan(20);
  } finally {
    for (const listener of opened.splice(0)) listener.close();
    await limited.close();
  }
});

it('40 users who connect at the same time are written in fewer than 30 changes, with an event each', async () => {
  const [ada, ...others] = await Promise.all(
    Array.from({ length: 41 }, (_, index) => guest(server.url, `guest ${index}`)),
  );
  const room = await roomOf(ada!, others);
  const hers = await hear(server.url, ada!, room.id);
  const broadcaster = server.app.get(EventBroadcasterService);
  const change = broadcaster.roomChange.bind(broadcaster);
  let changes = 0;
  broadcaster.roomChange = (...given) => {
    changes += 1;
    return change(...given);
  };
  try {
    await Promise.all(others.map((other) => hear(server.url, other, room.id)));
  } finally {
    broadcaster.roomChange = change;
  }
  await hers.until(() => presence(hers).length === 40, 'all arrivals');
  expect(presence(hers).map(([, , count]) => count)).toEqual(others.map((_, index) => index + 2));
  expect(changes).toBeLessThan(30);
}, 30_000);

it('in a room with more than 200 users online, listeners_updated replaces the events per user', async () => {
  const [ada, bob] = [await guest(server.url, 'ada'), await guest(server.url, 'bob')];
  const room = await roomOf(ada, [bob]);
  const hers = await hear(server.url, ada, room.id);
  const { db } = server.app.get(Database);
  const users = Array.from({ length: 200 }, (_, index) => ({
    id: uuid(),
    username: `user ${index}`,
    username_key: null,
    password_hash: null,
    created_at: 1,
  }));
  await db.insertInto('users').values(users).execute();
  const node_id = server.app.get(NodeId).value;
  await db
    .insertInto('connections')
    .values(users.map(({ id }) => ({ id: uuid(), user_id: id, room_id: room.id, node_id })))
    .execute();
  const { sequence } = await stateOf(ada, room.id);
  const his = await hear(server.url, bob, room.id);
  await hers.next('listeners_updated', ({ data }) => data.online_count === 202);
  his.close();
  const { data } = await hers.next('listeners_updated', ({ data }) => data.online_count === 201);
  expect(data).toMatchObject({ listening_count: 0 });
  expect((await stateOf(ada, room.id)).sequence).toBe(sequence);
  expect(presence(hers)).toEqual([]);
});

it('listeners_updated counts the users whose clients report that they hear the music', async () => {
  const [ada, bob] = [await guest(server.url, 'ada'), await guest(server.url, 'bob')];
  const room = await roomOf(ada, [bob]);
  const hers = await hear(server.url, ada, room.id);
  const his = await hear(server.url, bob, room.id);
  const report = { drift: 0, round_trip: 0.01, buffered: 10 };
  await hers.ask('sync_report', report);
  await his.ask('sync_report', { ...report, status: 'in_step' });
  await hers.next('listeners_updated', ({ data }) => data.listening_count === 2 && data.online_count === 2);
  await his.ask('sync_report', { ...report, status: 'blocked' });
  const { length } = hers.ofType('listeners_updated');
  await hers.until(() => hers.ofType('listeners_updated').length > length);
  expect(hers.ofType('listeners_updated').at(-1)!.data.listening_count).toBe(1);
  expect(await hers.ask('sync_report', { ...report, status: 'asleep' })).toMatchObject({ ok: false });
});

it('after a killed process, the next one logs the disconnect of users who did not return', async () => {
  const folder = await temporaryFolder();
  folders.push(folder);
  const first = await spawn(folder);
  const [ada, bob] = [await guest(first.url, 'ada'), await guest(first.url, 'bob')];
  const room = await roomOf(ada, [bob]);
  await hear(first.url, ada, room.id);
  await hear(first.url, bob, room.id);
  const last = await hear(first.url, bob, room.id);
  const { sequence, room: before } = await stateOf(ada, room.id);
  expect(before.online_count).toBe(2);
  await first.end('SIGKILL');
  await last.until(() => !last.socket.connected, 'the connection to break');

  const second = await spawn(folder);
  const again = person(second.url, ada.token, ada.user);
  // During the grace they count as online.
  expect((await stateOf(again, room.id)).sequence).toBe(sequence);
  await eventually(async () => (await stateOf(again, room.id)).room.online_count === 0, 'the grace to end');
  const { body } = await again.get(`/rooms/${room.id}/events?after=${sequence}`);
  const told = (body.events as Envelope<'user_disconnected_websocket'>[]).map(({ type, data, metadata }) => [
    type,
    data.user.username,
    data.online_count,
    metadata.sequence,
  ]);
  expect(told.map(([type, , count, place]) => [type, count, place])).toEqual([
    ['user_disconnected_websocket', 1, sequence + 1],
    ['user_disconnected_websocket', 0, sequence + 2],
  ]);
  expect(told.map(([, name]) => name).sort()).toEqual(['ada', 'bob']);
  expect((await stateOf(again, room.id)).room.online_users).toEqual([]);

  // A client that resumes is replayed these events too.
  const his = await hear(second.url, person(second.url, bob.token, bob.user), room.id, {
    afterSequence: sequence,
  });
  expect(his.ofType('connection_established')[0]!.data).toMatchObject({ resumed: true, replayed: 3 });
}, 120_000);
