import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { copyFile, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import { Kysely, Migrator, SqliteDialect } from 'kysely';
import { Database } from '../src/database/database.js';
import { migrations } from '../src/database/migrations.js';
import { renewEpochs } from '../src/events/epoch.js';
import { guest, type Person, person, roomOf, stateOf } from './support/api.js';
import { eventually, listen, type Listener, type ListenerOptions } from './support/listener.js';
import { raiser } from './support/raise.js';
import { startServer, temporaryFolder, type TestServer } from './support/server.js';

let server: TestServer;
let ada: Person;
let bob: Person;
let roomId: string;
const opened: Listener[] = [];
beforeAll(async () => {
  server = await startServer();
  [ada, bob] = [await guest(server.url, 'ada'), await guest(server.url, 'bob')];
});
afterAll(() => server.close());
beforeEach(async () => {
  for (const listener of opened.splice(0)) listener.close();
  roomId = (await roomOf(ada, [bob])).id;
});

async function hear(who: Person, options?: ListenerOptions): Promise<Listener> {
  const listener = await listen(server.url, who, roomId, options);
  opened.push(listener);
  return listener;
}
const established = (listener: Listener) => listener.ofType('connection_established').at(-1)!.data;
const db = () => server.app.get(Database).db;

it('connection_established, the state and pages of the log have the same epoch', async () => {
  const listener = await hear(bob);
  const { epoch } = established(listener);
  expect(epoch).toMatch(/^[\w-]{8,64}$/);
  const answers = [
    (await bob.get(`/rooms/${roomId}`)).body,
    (await bob.get(`/rooms/${roomId}/events`)).body,
    await listener.ask('room_state', {}),
    await listener.ask('replay', { after_sequence: 0 }),
  ];
  expect(answers.map((answer) => answer.epoch)).toEqual(answers.map(() => epoch));
  const other = await roomOf(ada);
  expect((await ada.get(`/rooms/${other.id}`)).body.epoch).not.toBe(epoch);
});

it('an epoch stays the same when the room changes and when the server restarts', async () => {
  const dataDir = await temporaryFolder();
  try {
    let own = await startServer({ DATA_DIR: dataDir });
    const ann = await guest(own.url, 'ann');
    const room = await roomOf(ann);
    const epochOf = async (who: Person) => (await who.get(`/rooms/${room.id}`)).body.epoch;
    const epoch = await epochOf(ann);
    await ann.patch(`/rooms/${room.id}`, { name: 'Renamed' });
    expect(await epochOf(ann)).toBe(epoch);
    await own.close();
    own = await startServer({ DATA_DIR: dataDir });
    expect(await epochOf(person(own.url, ann.token, ann.user))).toBe(epoch);
    await own.close();
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});

it("a client with the room's epoch resumes, and so does one of version 1, which sends none", async () => {
  const first = await hear(bob);
  const { epoch, sequence } = established(first);
  first.close();
  await raiser(server, ada, roomId).high(5);
  for (const sent of [epoch, undefined, null]) {
    const back = await hear(bob, { afterSequence: sequence, epoch: sent as string | undefined });
    expect(established(back)).toMatchObject({ epoch, resumed: true });
    await back.until(() => back.sequences.length >= 5);
    expect(back.sequences[0]).toBe(sequence + 1);
    back.close();
  }
});

it('a client with another epoch is sent the state and no events, even if it wants the state only when needed', async () => {
  const first = await hear(bob);
  const { epoch, sequence } = established(first);
  first.close();
  await raiser(server, ada, roomId).high(5);
  const wrong = ['', 'another', `${epoch}x`, epoch.toLowerCase() + '.', 7, true, {}, [epoch]];
  for (const sent of wrong as string[]) {
    const back = await hear(bob, { afterSequence: sequence, epoch: sent, state: 'when_needed' });
    const { resumed, replayed, room } = established(back);
    expect({ sent, resumed, replayed, id: room?.id }).toEqual({
      sent,
      resumed: false,
      replayed: 0,
      id: roomId,
    });
    const [event] = await raiser(server, ada, roomId).high();
    await back.until(() => back.sequences.includes(event!.metadata.sequence!), 'a live event');
    expect(back.sequences.filter((passed) => passed <= established(back).sequence)).toEqual([]);
    back.close();
  }
});

it('new epochs close open connections; their clients start from the state and resume in the new epoch', async () => {
  const listener = await hear(bob);
  const { epoch, sequence } = established(listener);
  const closed = listener.closed();
  await renewEpochs(db());
  await closed;
  const fresh = await hear(bob, { afterSequence: sequence, epoch });
  expect(established(fresh)).toMatchObject({ resumed: false, room: { id: roomId } });
  const renewed = established(fresh).epoch;
  expect(renewed).not.toBe(epoch);
  expect((await ada.get(`/rooms/${roomId}`)).body.epoch).toBe(renewed);
  const seen = established(fresh).sequence;
  fresh.close();
  await raiser(server, ada, roomId).high(3);
  const back = await hear(bob, { afterSequence: seen, epoch: renewed });
  expect(established(back)).toMatchObject({ resumed: true, epoch: renewed });
});

it('a log that goes back is continued for every client once the epochs are new', async () => {
  const raise = raiser(server, ada, roomId);
  await raise.high(20);
  const client = { epoch: undefined as string | undefined, after: undefined as number | undefined };
  const listener = await hear(bob, {
    reconnection: true,
    afterSequence: () => client.after,
    epoch: () => client.epoch,
  });
  const before = established(listener);
  client.epoch = before.epoch;
  client.after = before.sequence;
  // As after a restored backup, which has ten events fewer.
  const head = before.sequence - 10;
  await db().deleteFrom('events').where('room_id', '=', roomId).where('sequence', '>', head).execute();
  await db().updateTable('rooms').set({ sequence: head }).where('id', '=', roomId).execute();
  await renewEpochs(db());
  await listener.until(() => listener.ofType('connection_established').length === 2, 'the fresh state');
  const after = established(listener);
  expect(after).toMatchObject({ resumed: false, room: { id: roomId } });
  expect(after.sequence).toBeLessThan(before.sequence);
  const [event] = await raise.critical();
  await listener.next('user_joined', ({ event_id }) => event_id === event!.event_id);
  const events = listener.events.slice(
    listener.events.findLastIndex(({ type }) => type === 'connection_established'),
  );
  const sequences = events.flatMap(({ metadata }) => metadata.sequence ?? []);
  expect(sequences).toEqual(sequences.map((_, index) => after.sequence + 1 + index));
  expect(sequences.at(-1)).toBe((await stateOf(ada, roomId)).sequence);
  await eventually(async () => {
    const { body } = await ada.get(`/rooms/${roomId}/events/${event!.event_id}/delivery`);
    return body.delivery?.complete && body.delivery.confirmed === 1;
  }, 'its confirmation');
});

it('rooms of a database from before epochs get one, and their clients resume', async () => {
  const dataDir = await temporaryFolder();
  try {
    const old = new Kysely<any>({
      dialect: new SqliteDialect({ database: new SqliteDatabase(join(dataDir, 'roomcast.sqlite')) }),
    });
    await new Migrator({ db: old, provider: migrations }).migrateTo('004_storage');
    const user = { id: ada.user.id, username: 'ada', created_at: 1 };
    await old.insertInto('users').values(user).execute();
    const room = {
      id: roomId,
      name: 'Old',
      visibility: 'public',
      administrator_id: user.id,
      playback_control: 'everyone',
      upload: 'everyone',
      vote: 'everyone',
      sequence: 3,
      created_at: 1,
    };
    await old.insertInto('rooms').values(room).execute();
    await old.destroy();
    const own = await startServer({ DATA_DIR: dataDir });
    const { epoch, sequence } = await own.app
      .get(Database)
      .db.selectFrom('rooms')
      .select(['epoch', 'sequence'])
      .where('id', '=', roomId)
      .executeTakeFirstOrThrow();
    expect({ epoch, sequence }).toEqual({ epoch: expect.stringMatching(/^[\w-]{8,64}$/), sequence: 3 });
    await own.close();
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
});

describe('a server whose database', () => {
  let dataDir: string;
  let backups: string;
  let own: TestServer;
  let ann: Person;
  let room: string;
  const databaseIn = (folder: string) => join(folder, 'roomcast.sqlite');
  const raise = (count: number) => raiser(own, ann, room).high(count);
  const start = async (folder = dataDir) => {
    own = await startServer({ DATA_DIR: folder });
    if (ann as Person | undefined) ann = person(own.url, ann.token, ann.user);
  };
  /** As `sqlite3 roomcast.sqlite .backup`, while the server runs. */
  async function backUp(): Promise<void> {
    const sqlite = new SqliteDatabase(databaseIn(dataDir), { readonly: true });
    await sqlite.backup(databaseIn(backups));
    sqlite.close();
  }
  async function restoreInto(folder: string): Promise<void> {
    for (const suffix of ['', '-wal', '-shm']) await rm(`${databaseIn(folder)}${suffix}`, { force: true });
    await copyFile(databaseIn(backups), databaseIn(folder));
  }
  /** Connects once as a client that has seen everything so far. */
  async function comesBack(client: { after: number; epoch: string }) {
    const listener = await listen(own.url, ann, room, { afterSequence: client.after, epoch: client.epoch });
    const { resumed, epoch, sequence } = established(listener);
    listener.close();
    return { resumed, isSameEpoch: epoch === client.epoch, after: sequence, epoch };
  }
  const seesAll = () => comesBack({ after: 0, epoch: 'none' });

  beforeEach(async () => {
    ann = undefined as unknown as Person;
    [dataDir, backups] = [await temporaryFolder(), await temporaryFolder()];
    await start();
    ann = await guest(own.url, 'ann');
    room = (await roomOf(ann)).id;
    await raise(5);
    await eventually(() => existsSync(join(dataDir, 'log-position')), 'the position');
  });
  afterEach(async () => {
    await own.close();
    for (const folder of [dataDir, backups]) await rm(folder, { recursive: true, force: true });
  });

  it('was restored from a backup continues no log, even once there are as many events again', async () => {
    await backUp();
    await raise(10);
    const client = await seesAll();
    await own.close();
    await restoreInto(dataDir);
    await start();
    await raise(30);
    expect(await comesBack(client)).toMatchObject({ resumed: false, isSameEpoch: false });
    // From here on it is one log again, also after restarts.
    const again = await seesAll();
    await own.close();
    await start();
    expect(await comesBack(again)).toMatchObject({ resumed: true, isSameEpoch: true });
  });

  it('was copied into a new folder continues no log', async () => {
    await backUp();
    await raise(10);
    const client = await seesAll();
    await own.close();
    await copyFile(join(dataDir, 'jwt-secret'), join(backups, 'jwt-secret'));
    await start(backups);
    await raise(30);
    expect(await comesBack(client)).toMatchObject({ resumed: false, isSameEpoch: false });
  });

  it('was restored with the whole folder continues no log if the administrator says so', async () => {
    await own.close();
    await cp(dataDir, backups, { recursive: true });
    await start();
    await raise(10);
    const client = await seesAll();
    await own.close();
    await writeFile(join(backups, 'log-position'), 'restored\n');
    await start(backups);
    await raise(30);
    expect(await comesBack(client)).toMatchObject({ resumed: false, isSameEpoch: false });
    expect(await readFile(join(backups, 'log-position'), 'utf8')).toMatch(/^\d+\n$/);
  });

  it('loses commits while it runs, as in a failover, closes all connections and starts new epochs', async () => {
    const { db } = own.app.get(Database);
    const listener = await listen(own.url, ann, room);
    const { epoch } = established(listener);
    const closed = listener.closed();
    await db.updateTable('database_state').set({ value: '0' }).where('name', '=', 'log_position').execute();
    await raise(1);
    await closed;
    expect((await ann.get(`/rooms/${room}`)).body.epoch).not.toBe(epoch);
  });
});
