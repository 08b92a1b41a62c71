import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DeliveryReport, ServerStatistics } from '../src/contract/index.js';
import { Database } from '../src/database/database.js';
import { guest, type Person, person, roomOf } from './support/api.js';
import { type Fault, Hub } from './support/faulty-bus.js';
import { eventually, listen, type Listener } from './support/listener.js';
import { type Postgres, startPostgres } from './support/postgres.js';
import { copiesOf, raiser } from './support/raise.js';
import { type Environment, startServer, type TestServer } from './support/server.js';

let postgres: Postgres;
let hub: Hub;
let env: Environment;
let here: TestServer;
let there: TestServer;
let ada: Person;
let bob: Person;
/** The same users, with requests to the other node. */
let adaThere: Person;
let bobThere: Person;
let roomId: string;
let hers: Listener;
let his: Listener;

beforeAll(async () => {
  postgres = await startPostgres();
  hub = new Hub();
  env = {
    EVENT_RETENTION: '10000',
    DATABASE_URL: await postgres.database(),
    JWT_SECRET: 'the same on every node, long enough',
    CONFIRMATION_TIMEOUT_MS: '500',
  };
  here = await startServer(env, hub.bus());
  there = await startServer(env, hub.bus());
  ada = await guest(here.url, 'ada');
  bob = await guest(here.url, 'bob');
  adaThere = person(there.url, ada.token, ada.user);
  bobThere = person(there.url, bob.token, bob.user);
}, 60_000);
afterAll(async () => {
  hers?.close();
  his?.close();
  await here?.close();
  await there?.close();
  await postgres?.close();
});

beforeEach(async () => {
  hers?.close();
  his?.close();
  hub.fault = 'none';
  roomId = (await roomOf(ada, [bob])).id;
  hers = await listen(here.url, ada, roomId);
  his = await listen(there.url, bob, roomId);
  await hers.next('user_connected_websocket', ({ data }) => data.user.id === bob.user.id);
});

const figures = async (who: Person): Promise<ServerStatistics['total']> =>
  (await who.get('/statistics')).body.total;

/** Both have everything, once and in order, up to the same newest event. */
async function expectOneOrder(): Promise<void> {
  const head = (await ada.get(`/rooms/${roomId}`)).body.sequence as number;
  for (const listener of [hers, his]) {
    await listener.until(() => Math.max(...listener.sequences) >= head, `event ${head}`);
    const firsts = listener.logged.filter(({ metadata }) => metadata.retry_count === 0);
    const sequences = firsts.map(({ metadata }) => metadata.sequence!);
    expect(sequences).toEqual(sequences.map((_, place) => sequences[0]! + place));
    expect(sequences.at(-1)).toBe(head);
  }
  const idsOf = ({ logged }: Listener) =>
    new Map(logged.map(({ event_id, metadata }) => [metadata.sequence!, event_id]));
  const [mine, theirs] = [idsOf(hers), idsOf(his)];
  for (const [sequence, id] of theirs) if (mine.has(sequence)) expect(mine.get(sequence)).toBe(id);
}

/** Both nodes change the room at once. */
async function traffic(changes: number): Promise<void> {
  const raisers = [raiser(here, ada, roomId), raiser(there, bob, roomId)];
  await Promise.all(
    Array.from({ length: changes }, (_, index) =>
      index % 5 === 0 ? raisers[index % 2]!.critical() : raisers[index % 2]!.high(),
    ),
  );
}

describe('two nodes', () => {
  it('exchange events over the bus, and count the events of each path', async () => {
    const before = await figures(bobThere);
    const [event] = await raiser(here, ada, roomId).critical();
    await his.until(() => copiesOf(his.events, event!.event_id).length > 0);
    const after = await figures(bobThere);
    expect(after.by_path.bus.events).toBe(before.by_path.bus.events + 1);
    expect(after.by_path.gaps_repaired).toBe(before.by_path.gaps_repaired);
  });

  it.each<Fault>(['failing', 'hanging', 'losing', 'twice', 'reversed'])(
    'have one gap-free order while the bus is %s',
    async (fault) => {
      const before = await Promise.all([figures(ada), figures(adaThere)]);
      hub.fault = fault;
      const changes = 60;
      await traffic(changes);
      await expectOneOrder();
      let after = await Promise.all([figures(ada), figures(adaThere)]);
      const grown = (of: (period: ServerStatistics['total']) => number) =>
        after.reduce((sum, period, node) => sum + of(period) - of(before[node]!), 0);
      if (fault === 'twice') {
        expect(grown(({ by_path }) => by_path.duplicates)).toBeGreaterThanOrEqual(changes);
      }
      if (fault === 'losing' || fault === 'failing' || fault === 'hanging') {
        // The other node receives these events only from the log.
        expect(grown(({ by_path }) => by_path.gaps_repaired)).toBeGreaterThanOrEqual(changes);
      }
      if (fault === 'failing' || fault === 'hanging') {
        // Failed messages, and those skipped while the circuit breaker was open.
        await eventually(async () => {
          after = await Promise.all([figures(ada), figures(adaThere)]);
          const failed = grown(({ by_path }) => by_path.bus.failed);
          return failed >= 1 && failed + grown(({ by_path }) => by_path.bus.skipped) >= changes;
        }, 'every event to be counted');
      }
      expect(hers.socket.connected && his.socket.connected).toBe(true);
      hub.fault = 'none';
      await healed();
    },
    40_000,
  );

  it('deliver every event after thousands of lost messages, and close no connection as slow', async () => {
    const before = await figures(adaThere);
    hub.fault = 'losing';
    const raise = raiser(here, ada, roomId);
    for (let change = 0; change < 60; change += 1) await raise.high(50, 'x'.repeat(300));
    await expectOneOrder();
    const after = await figures(adaThere);
    expect(after.slow_connections_closed).toBe(before.slow_connections_closed);
    expect(his.socket.connected).toBe(true);
  });

  it('close the connections to a deleted room with room_not_found if the bus lost room_deleted', async () => {
    hub.fault = 'losing';
    const closed = his.closed();
    await ada.delete(`/rooms/${roomId}`);
    await closed;
    expect(his.events.at(-1)).toMatchObject({ type: 'error', data: { code: 'room_not_found' } });
  });

  it('combine the deliveries of both nodes in the report, and count no user twice', async () => {
    const [event] = await raiser(there, bob, roomId).critical();
    const path = `/rooms/${roomId}/events/${event!.event_id}/delivery`;
    const seen = new Set<number>();
    let done: DeliveryReport | undefined;
    await eventually(async () => {
      done = (await bobThere.get<{ delivery: DeliveryReport }>(path)).body.delivery;
      seen.add(done.expected);
      return done.expected === 2 && done.confirmed === 2;
    });
    for (let asked = 0; asked < 20; asked += 1) {
      seen.add((await ada.get<{ delivery: DeliveryReport }>(path)).body.delivery.expected);
    }
    expect(Math.max(...seen)).toBe(2);
    expect(done!.users.map(({ username }) => username).sort()).toEqual(['ada', 'bob']);
  });

  it('both close the sockets of a session that ended on one of them', async () => {
    const carol = await guest(here.url, 'carol');
    await carol.post(`/rooms/${roomId}/join`);
    const [near, far] = await Promise.all([
      listen(here.url, carol, roomId),
      listen(there.url, carol, roomId),
    ]);
    const closed = Promise.all([near.closed(), far.closed()]);
    await carol.post('/auth/logout');
    await closed;
    for (const { events } of [near, far]) {
      expect(events.at(-1)).toMatchObject({ type: 'error', data: { code: 'session_ended' } });
    }
    expect(his.socket.connected).toBe(true);
  });
});

/** Waits until the circuit breaker is closed, which needs messages to try. */
async function healed(): Promise<void> {
  const raise = [raiser(here, ada, roomId), raiser(there, bob, roomId)];
  await eventually(async () => {
    const before = await Promise.all([figures(ada), figures(adaThere)]);
    await Promise.all(raise.map(({ high }) => high()));
    const after = await Promise.all([figures(ada), figures(adaThere)]);
    return after.every(({ by_path: { bus } }, node) => bus.published > before[node]!.by_path.bus.published);
  }, 'the bus to be used again');
}

describe('messages of the bus', () => {
  const nobody = '0192f0c1-0000-7000-8000-000000000000';
  const sample = (changes: object) =>
    JSON.stringify({
      v: 1,
      to: 'room',
      event: {
        event_id: nobody,
        type: 'reaction_of_the_future',
        data: { room_id: roomId, timestamp: 1 },
        metadata: { priority: 'high', requires_confirmation: false, retry_count: 0, created_at: 1 },
      },
      ...changes,
    });

  it('that are malformed, of another version or of an unknown type are counted and ignored', async () => {
    const before = await figures(ada);
    const head = hers.sequences.at(-1)!;
    const wrong = [
      ...['', '{', 'null', '[]', '"text"', '\0', 'x'.repeat(1_000_000), '['.repeat(100_000)],
      ...[
        sample({}),
        sample({ v: 2 }),
        sample({ v: '1' }),
        sample({ to: 'everyone' }),
        sample({ event: null }),
      ],
      sample({ event: { ...hers.events.at(-1), type: 'user_joined' } }),
      sample({ event: { ...hers.events.at(-1), data: { room_id: 7, timestamp: 'now' } } }),
    ];
    for (const message of wrong) hub.inject(`room:${roomId}`, message);
    await eventually(async () => {
      const after = await figures(ada);
      return after.by_path.bus.rejected - before.by_path.bus.rejected === wrong.length;
    }, 'all of them to be counted');
    await traffic(10);
    await expectOneOrder();
    expect(hers.sequences.at(-1)).toBeGreaterThan(head);
  });

  it('arrive only for rooms with connections on the node', async () => {
    const other = await roomOf(ada);
    const before = await figures(bobThere);
    await raiser(here, ada, other.id).high(5);
    const [event] = await raiser(here, ada, roomId).high();
    await his.until(() => copiesOf(his.events, event!.event_id).length > 0);
    const after = await figures(bobThere);
    expect(after.by_path.bus.events).toBe(before.by_path.bus.events + 1);
  });
});

describe('a bus that fails', () => {
  it('opens the circuit breaker with server_status degraded, and closes it with ok after a successful message', async () => {
    hub.fault = 'failing';
    const degraded = hers.next('server_status', ({ data }) => data.status === 'degraded');
    const raise = raiser(here, ada, roomId);
    for (let change = 0; change < 8; change += 1) await raise.high();
    expect((await degraded).data).toMatchObject({ status: 'degraded', room_id: roomId });
    const { by_path: given } = await figures(ada);
    await raise.high();
    await eventually(async () => (await figures(ada)).by_path.bus.skipped > given.bus.skipped);
    hub.fault = 'none';
    await healed();
    await hers.next('server_status', ({ data }) => data.status === 'ok');
    expect(his.ofType('server_status')).toEqual([]);
    await expectOneOrder();
  });

  it('does not delay local delivery while it hangs', async () => {
    const raise = raiser(here, ada, roomId);
    const measure = async (): Promise<{ median: number; p99: number }> => {
      const took: number[] = [];
      for (let event = 0; event < 150; event += 1) {
        const began = performance.now();
        const [raised] = await raise.high();
        await hers.until(() => hers.events.at(-1)?.event_id === raised!.event_id);
        took.push(performance.now() - began);
      }
      took.sort((a, b) => a - b);
      return { median: took[75]!, p99: took[148]! };
    };
    await measure();
    const healthy = await measure();
    hub.fault = 'hanging';
    const hanging = await measure();
    process.stdout.write(
      `local delivery, ms: healthy bus median ${healthy.median.toFixed(1)} p99 ${healthy.p99.toFixed(1)}; ` +
        `hanging bus median ${hanging.median.toFixed(1)} p99 ${hanging.p99.toFixed(1)}\n`,
    );
    expect(hanging.median - healthy.median).toBeLessThan(50);
    hub.fault = 'none';
    await healed();
  });
});

describe('presence', () => {
  const online = async () => (await ada.get(`/rooms/${roomId}`)).body.room.online_count as number;
  const nodes = () => here.app.get(Database).db;

  it('keeps the connections of running nodes when another node starts', async () => {
    const third = await startServer(env, hub.bus());
    try {
      expect(await online()).toBe(2);
    } finally {
      await third.close();
    }
    expect(hers.ofType('user_disconnected_websocket')).toEqual([]);
  });

  it('raises user_disconnected_websocket for the connections of a node without a heartbeat', async () => {
    const carol = await guest(here.url, 'carol');
    await carol.post(`/rooms/${roomId}/join`);
    const row = { id: 'a-dead-node', seen_at: Date.now() / 1000 - 21 };
    await nodes().insertInto('nodes').values(row).execute();
    await nodes()
      .insertInto('connections')
      .values({ id: 'left-open', room_id: roomId, user_id: carol.user.id, node_id: row.id })
      .execute();
    expect(await online()).toBe(3);
    const gone = () => hers.ofType('user_disconnected_websocket');
    // Dead nodes are looked for every 5 s, and their connections removed in the background.
    await hers.until(() => gone().length > 0, 'the user to be gone', 30_000);
    expect(gone()[0]!.data).toMatchObject({ user: { id: carol.user.id }, online_count: 2 });
    expect(await online()).toBe(2);
  }, 40_000);

  it('is written again by a node whose row was removed, after its clients reconnect', async () => {
    const again = await listen(here.url, ada, roomId, { reconnection: true });
    hers.close();
    await nodes().deleteFrom('connections').where('room_id', '=', roomId).execute();
    await nodes().deleteFrom('nodes').execute();
    await again.until(() => again.ofType('connection_established').length === 2, 'a new connection');
    expect((await nodes().selectFrom('connections').select('user_id').execute()).length).toBeGreaterThan(0);
    again.close();
  }, 20_000);
});
