import { rm } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { v7 as uuid } from 'uuid';
import { NodeId } from '../src/cluster/node-id.js';
import { type Listener as RoomListener, ListenerList } from '../src/contract/index.js';
import { Database } from '../src/database/database.js';
import { ListenerReports } from '../src/rooms/presence/listener-reports.js';
import { expectAnswer, expectProblem } from './support/answers.js';
import { guest, type Person, roomOf, stateOf } from './support/api.js';
import { eventually, listen, type Listener, type ListenerOptions } from './support/listener.js';
import { raiser } from './support/raise.js';
import { spawnServer, startServer, temporaryFolder, type TestServer } from './support/server.js';

const required = { drift: -0.0004, round_trip: 0.031, buffered: 12.5 };
const whole = {
  ...required,
  uncertainty: 0.0003,
  output_latency: 0.056,
  offset: -0.02,
  status: 'in_step',
  muted: false,
};
/** What a connection shows as long as its client has reported nothing. */
const unreported = {
  ...{ drift: null, round_trip: null, buffered: null, uncertainty: null, output_latency: null },
  ...{ offset: null, status: null, muted: null, reported_at: null },
};

let server: TestServer;
let ada: Person;
let bob: Person;
let roomId: string;
const opened: Listener[] = [];
const hear = async (who: Person, options?: ListenerOptions): Promise<Listener> => {
  const listener = await listen(server.url, who, roomId, options);
  opened.push(listener);
  return listener;
};
beforeAll(async () => {
  server = await startServer({ CONFIRMATION_TIMEOUT_MS: '300', CONFIRMATION_ATTEMPTS: '20' });
  [ada, bob] = [await guest(server.url, 'ada'), await guest(server.url, 'bob')];
});
afterAll(() => server.close());
beforeEach(async () => {
  roomId = (await roomOf(ada, [bob])).id;
});
afterEach(() => {
  for (const listener of opened.splice(0)) listener.close();
});

const list = async (query = '', who = ada): Promise<ListenerList> => {
  const answer = await who.get(`/rooms/${roomId}/listeners${query}`);
  expectAnswer(answer, 200, ListenerList);
  return answer.body;
};
const of = async ({ user }: Person): Promise<RoomListener['connections']> =>
  (await list()).listeners.find((listener) => listener.user.id === user.id)!.connections;

describe('GET /rooms/{id}/listeners', () => {
  it('shows for each connection of each user who is online what its client reported last', async () => {
    const hers = await hear(ada);
    const [first, second] = [await hear(bob), await hear(bob)];
    expect(await list('', bob)).toEqual({
      listeners: [
        { user: ada.user, connections: [{ ...unreported, last_confirmed: null, retries: 0 }] },
        { user: bob.user, connections: Array(2).fill({ ...unreported, last_confirmed: null, retries: 0 }) },
      ],
      online_count: 2,
      listening_count: 0,
      more: false,
      next: null,
    });

    const before = Date.now() / 1000;
    expect(await hers.ask('sync_report', { ...whole, drift: 1 })).toEqual({ ok: true });
    expect(await hers.ask('sync_report', whole)).toEqual({ ok: true });
    expect(await first.ask('sync_report', required)).toEqual({ ok: true });
    expect(await second.ask('sync_report', { ...whole, muted: true, unknown: 'field' })).toEqual({
      ok: true,
    });
    const [shown] = await of(ada);
    expect(shown).toEqual({ ...whole, reported_at: expect.any(Number), last_confirmed: null, retries: 0 });
    expect(Math.abs(shown!.reported_at! - before)).toBeLessThan(10);
    expect((await of(bob)).map(({ muted, status, round_trip }) => ({ muted, status, round_trip }))).toEqual([
      { muted: null, status: null, round_trip: required.round_trip },
      { muted: true, status: 'in_step', round_trip: required.round_trip },
    ]);
    expect((await list()).listening_count).toBe(2);
  });

  it('shows which event a connection confirmed last and when, and the retries', async () => {
    const unconfirmed: (() => void)[] = [];
    await hear(ada);
    await hear(bob, { confirm: (_, confirm) => unconfirmed.push(confirm) });
    const raise = raiser(server, ada, roomId);
    const before = Date.now() / 1000;
    await raise.critical();
    const [last] = await raise.critical();
    const sequence = last!.metadata.sequence!;
    await eventually(async () => (await of(ada))[0]!.last_confirmed?.sequence === sequence, 'hers');
    const [hers] = await of(ada);
    expect(Math.abs(hers!.last_confirmed!.confirmed_at - before)).toBeLessThan(10);
    expect(hers!.retries).toBe(0);

    // Two events, each sent at least twice.
    await eventually(() => unconfirmed.length >= 4, 'the retries');
    const [his] = await of(bob);
    expect(his!.last_confirmed).toBe(null);
    expect(his!.retries).toBeGreaterThanOrEqual(2);
    for (const confirm of unconfirmed) confirm();
    await eventually(async () => (await of(bob))[0]!.last_confirmed?.sequence === sequence, 'his');
  });

  it('shows no connection of a user who was disconnected, and no longer the report', async () => {
    const hers = await hear(ada);
    const his = await hear(bob);
    await his.ask('sync_report', whole);
    await hers.next('listeners_updated', ({ data }) => data.listening_count === 1);
    his.socket.io.engine.close();
    await hers.next('listeners_updated', ({ data }) => data.listening_count === 0);
    // Within the grace the user is online.
    expect(await of(bob)).toEqual([]);
    await hear(bob);
    expect(await of(bob)).toEqual([{ ...unreported, last_confirmed: null, retries: 0 }]);
  });

  it('is for participants; a private room does not exist for others', async () => {
    const outsider = await guest(server.url, 'eve');
    const path = `/rooms/${roomId}/listeners`;
    expectProblem(await outsider.get(path), 403, 'not_a_participant');
    const hidden = await roomOf(ada, [], { visibility: 'private' });
    expectProblem(await outsider.get(`/rooms/${hidden.id}/listeners`), 404, 'room_not_found');
    expectProblem(await ada.get('/rooms/x/listeners'), 400, 'malformed');
    for (const query of ['limit=0', 'limit=201', 'limit=x', 'after=x', `after=${uuid()}&after=${uuid()}`]) {
      expectProblem(await ada.get(`${path}?${query}`), 422, 'invalid_field');
    }
  });

  it('has every user of a large room once, in pages of at most 200', async () => {
    await hear(bob);
    const { db } = server.app.get(Database);
    const users = Array.from({ length: 450 }, (_, index) => ({
      ...{ id: uuid(), username: `user ${index}`, username_key: null, password_hash: null, created_at: 1 },
    }));
    await db.insertInto('users').values(users).execute();
    const node_id = server.app.get(NodeId).value;
    const connections = users.flatMap(({ id: user_id }) =>
      [1, 2].map(() => ({ id: uuid(), user_id, room_id: roomId, node_id })),
    );
    await db.insertInto('connections').values(connections).execute();

    const pages: ListenerList[] = [await list('?limit=200')];
    while (pages.at(-1)!.more) {
      pages.push(await list(`?limit=200&after=${pages.at(-1)!.next!.toUpperCase()}`));
    }
    expect(pages.map(({ listeners }) => listeners.length)).toEqual([200, 200, 51]);
    expect(pages.map(({ online_count }) => online_count)).toEqual([451, 451, 451]);
    const ids = pages.flatMap(({ listeners }) => listeners.map(({ user }) => user.id));
    expect(ids).toEqual([bob.user.id, ...users.map(({ id }) => id)].sort());
    expect((await list()).listeners).toHaveLength(100);
  });
});

describe('sync_report', () => {
  it.each([
    ['drift', [undefined, null, 'much', 1e6, -1e6, true, [1]]],
    ['round_trip', [undefined, null, '0', -0.001, 301]],
    ['buffered', [undefined, null, -1, 1e6]],
    ['uncertainty', ['0', -0.001, 301]],
    ['output_latency', ['0', -0.001, 61]],
    ['offset', ['0', -61, 61]],
    ['status', ['asleep', 1, ['in_step']]],
    ['muted', ['false', 0]],
  ])('with a wrong %s is refused with invalid_field, and the last report stays', async (field, values) => {
    const hers = await hear(ada);
    await hers.ask('sync_report', whole);
    for (const value of values) {
      expect([value, await hers.ask('sync_report', { ...whole, [field]: value })]).toEqual([
        value,
        { ok: false, error: expect.objectContaining({ code: 'invalid_field' }) },
      ]);
    }
    expect(await of(ada)).toMatchObject([whole]);
  });

  it('with a number that JSON cannot hold is refused', async () => {
    const hers = await hear(ada);
    // Parsed as Infinity.
    hers.socket.io.engine.write(
      `2/rooms/${roomId},["sync_report",{"drift":1e999,"round_trip":0,"buffered":0}]`,
    );
    await hers.ask('time_sync', {});
    expect(await of(ada)).toMatchObject([unreported]);
  });

  it('with null for an optional field counts as without it', async () => {
    const hers = await hear(ada);
    const optional = { uncertainty: null, output_latency: null, offset: null, status: null, muted: null };
    expect(await hers.ask('sync_report', { ...required, ...optional })).toEqual({ ok: true });
    expect(await of(ada)).toMatchObject([{ ...required, ...optional }]);
  });

  it('counts for listening_count: a listener who hears the music on any connection', async () => {
    const hers = await hear(ada);
    const [his, alsoHis] = [await hear(bob), await hear(bob)];
    const counted = async (count: number) => {
      await hers.until(
        () => hers.ofType('listeners_updated').at(-1)?.data.listening_count === count,
        `listening_count ${count}`,
      );
      expect((await list()).listening_count).toBe(count);
    };
    await his.ask('sync_report', whole);
    await alsoHis.ask('sync_report', { ...whole, status: 'buffering' });
    await counted(1);
    await hers.ask('sync_report', { ...whole, status: 'correcting' });
    await counted(2);
    await his.ask('sync_report', { ...whole, muted: true });
    await alsoHis.ask('sync_report', { ...whole, status: 'silent' });
    await counted(1);
    await alsoHis.ask('sync_report', whole);
    await counted(2);
    alsoHis.close();
    await counted(1);
  });

  it('makes the server count the listeners of a room at most once a second, however often it changes', async () => {
    const counting = jest.spyOn(server.app.get(ListenerReports), 'listeningCount');
    try {
      const [hers, his] = [await hear(ada), await hear(bob)];
      const from = performance.now();
      for (let sent = 0; sent < 200; sent += 1) {
        await his.ask('sync_report', { ...whole, muted: sent % 2 === 0 });
      }
      await hers.next('listeners_updated', ({ data }) => data.listening_count === 1);
      const counted = counting.mock.calls.filter(([room]) => room === roomId).length;
      expect(counted).toBeGreaterThan(0);
      expect(counted).toBeLessThanOrEqual((performance.now() - from) / 1000 + 1);
    } finally {
      counting.mockRestore();
    }
  });

  it('is neither broadcast nor in the log of the room', async () => {
    const [hers, his] = [await hear(ada), await hear(bob)];
    const { sequence } = await stateOf(ada, roomId);
    await his.ask('sync_report', whole);
    await hers.next('listeners_updated');
    await his.ask('sync_report', { ...whole, drift: 0.5 });
    await raiser(server, ada, roomId).high();
    await hers.next('queue_reordered');
    expect((await stateOf(ada, roomId)).sequence).toBe(sequence + 1);
    const text = JSON.stringify([hers.events, his.events]);
    for (const field of ['drift', 'round_trip', 'output_latency', 'muted']) expect(text).not.toContain(field);
  });

  it('is not written to the server log, whether it is valid or not', async () => {
    const DATA_DIR = await temporaryFolder();
    const logging = await spawnServer({ DATA_DIR, LOG_LEVEL: 'trace' });
    try {
      const who = await guest(logging.url, 'ada');
      const { id } = await roomOf(who);
      const listener = await listen(logging.url, who, id);
      expect(await listener.ask('sync_report', { ...whole, drift: 0.987654321 })).toEqual({ ok: true });
      expect(await listener.ask('sync_report', { ...whole, drift: 987654321 })).toMatchObject({ ok: false });
      listener.close();
      // Everything that it logs has been written when it has ended.
      await logging.end('SIGTERM');
      expect(logging.output()).toContain('listening on port');
      expect(logging.output()).not.toContain('987654321');
    } finally {
      if (logging.child.exitCode === null) await logging.end('SIGKILL');
      await rm(DATA_DIR, { recursive: true, force: true });
    }
  });
});
