import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RoomStatistics, ServerStatistics } from '../src/contract/index.js';
import { Statistics } from '../src/metrics/statistics.js';
import { expectAnswer, expectProblem } from './support/answers.js';
import { RoomStateService } from '../src/room-state/room-state.service.js';
import { guest, type Person, request, roomOf } from './support/api.js';
import { eventually, listen } from './support/listener.js';
import { raiser } from './support/raise.js';
import { startServer, type TestServer } from './support/server.js';

let server: TestServer;
let ada: Person;
let bob: Person;
let roomId: string;
beforeAll(async () => {
  server = await startServer({ CONFIRMATION_TIMEOUT_MS: '200', EVENT_RETENTION: '10' });
  ada = await guest(server.url, 'ada');
  bob = await guest(server.url, 'bob');
  roomId = (await roomOf(ada, [bob])).id;
});
afterAll(() => server.close());

const ofServer = async (): Promise<ServerStatistics> => {
  const answer = await ada.get('/statistics');
  expectAnswer(answer, 200, ServerStatistics);
  return answer.body;
};
const ofRoom = async (): Promise<RoomStatistics> => {
  const answer = await ada.get(`/rooms/${roomId}/statistics`);
  expectAnswer(answer, 200, RoomStatistics);
  return answer.body;
};

it('statistics count known traffic by type, priority and path, for the room and for the last hour', async () => {
  const hers = await listen(server.url, ada, roomId);
  const mute = await listen(server.url, bob, roomId, { confirm: () => undefined });
  await hers.next('user_connected_websocket', ({ data }) => data.user.id === bob.user.id);
  const before = await ofServer();
  const roomBefore = await ofRoom();
  expect(before.now).toEqual({ rooms: 1, connections: 2, pending_confirmations: 0 });
  const raise = raiser(server, ada, roomId);
  await raise.high(4);
  await raise.normal();
  await raise.critical(2);
  await eventually(async () => (await ofServer()).now.pending_confirmations === 2, 'hers to be confirmed');
  expect((await ofRoom()).pending_confirmations).toBe(2);
  await mute.next('error');
  await hers.next('user_disconnected_websocket');
  const after = await ofServer();
  const grown = (name: 'user_joined' | 'listeners_updated' | 'queue_reordered') => {
    const [was, is] = [before.total.by_type[name]!, after.total.by_type[name]!];
    return Object.fromEntries(
      Object.entries(is).map(([key, value]) => [key, value! - (was[key as keyof typeof was] ?? 0)]),
    );
  };
  // The first dead letter closes the connection, so that the other delivery ends as expired.
  expect(grown('user_joined')).toMatchObject({
    events: 2,
    deliveries: 4,
    confirmed: 2,
    retries: 4,
    dead_letters: 1,
    expired: 1,
    superseded: 0,
  });
  expect(grown('queue_reordered')).toMatchObject({ events: 4, deliveries: 8, confirmed: 0 });
  expect(grown('listeners_updated')).toMatchObject({ events: 1, deliveries: 2, confirmed: 0 });
  const { total } = after;
  expect(total.by_priority['critical']!.events - before.total.by_priority['critical']!.events).toBe(2);
  // The four raised, and his disconnect.
  expect(total.by_priority['high']!.events - before.total.by_priority['high']!.events).toBe(5);
  expect(total.totals.events - before.total.totals.events).toBe(8);
  expect(total.by_path.local.events - before.total.by_path.local.events).toBe(8);
  expect(total.by_path.bus).toEqual({ events: 0, published: 0, failed: 0, skipped: 0, rejected: 0 });
  expect(total.totals.confirmation_rate).toBeCloseTo(
    total.totals.confirmed / (total.totals.confirmed + total.totals.dead_letters),
  );
  expect(total.commit_to_write.count).toBeGreaterThan(before.total.commit_to_write.count);
  expect(total.write_to_confirmation.count - before.total.write_to_confirmation.count).toBe(2);
  // The process has not run for an hour.
  expect(after.last_hour).toEqual(after.total);
  const room = await ofRoom();
  expect(room).toMatchObject({ participants: 2, online: 1, connections: 1, pending_confirmations: 0 });
  expect(room.sequence).toBe(roomBefore.sequence + 7);
  expect(room.deliveries.dead_letters - roomBefore.deliveries.dead_letters).toBe(1);
  expect(room.deliveries.events - roomBefore.deliveries.events).toBe(8);
  hers.close();
});

it('statistics count events raised while a listener joins as deliveries', async () => {
  const state = server.app.get(RoomStateService);
  const stateOnConnect = state.stateOnConnect.bind(state);
  state.stateOnConnect = async (...given) => {
    const result = await stateOnConnect(...given);
    await raiser(server, ada, roomId).critical(5);
    return result;
  };
  try {
    const before = (await ofServer()).total.by_type['user_joined']!;
    const hers = await listen(server.url, ada, roomId);
    await hers.until(() => hers.ofType('user_joined').length === 5);
    await eventually(async () => (await ofServer()).now.pending_confirmations === 0);
    const after = (await ofServer()).total.by_type['user_joined']!;
    expect(after.deliveries - before.deliveries).toBe(5);
    expect(after.confirmed - before.confirmed).toBe(5);
    expect(after.replayed).toBe(before.replayed);
    hers.close();
  } finally {
    state.stateOnConnect = stateOnConnect;
  }
});

it('statistics count connections that resumed, replayed events, and resets', async () => {
  // A room of its own: in the other one, listeners of earlier tests still leave after their grace.
  const { id: own } = await roomOf(ada);
  const ofOwn = async () => (await ada.get(`/rooms/${own}/statistics`)).body as RoomStatistics;
  const { replays: before } = (await ofServer()).total;
  const { sequence: head, deliveries: roomBefore } = await ofOwn();
  // Events without a listener are counted too.
  await raiser(server, ada, own).high(3);
  const unheard = (await ofOwn()).deliveries;
  expect(unheard.events - roomBefore.events).toBe(3);
  expect(unheard.deliveries).toBe(roomBefore.deliveries);
  const inTime = await listen(server.url, ada, own, { afterSequence: head });
  await inTime.until(() => inTime.sequences.includes(head + 3));
  const { replayed } = inTime.ofType('connection_established')[0]!.data;
  const tooLate = await listen(server.url, ada, own, { afterSequence: head + 1000 });
  const { replays } = (await ofServer()).total;
  expect(replays).toEqual({
    connections: before.connections + 1,
    events: before.events + replayed,
    resets: before.resets + 1,
  });
  expect(replayed).toBeGreaterThanOrEqual(3);
  expect((await ofOwn()).deliveries.replayed - roomBefore.replayed).toBe(replayed);
  inTime.close();
  tooLate.close();
});

it('statistics of the server are readable by every user, those of a room by its participants', async () => {
  const stranger = await guest(server.url, 'stranger');
  expectAnswer(await stranger.get('/statistics'), 200, ServerStatistics);
  expectProblem(await request(server.url, 'GET', '/statistics'), 401, 'unauthorized');
  expectProblem(await stranger.get(`/rooms/${roomId}/statistics`), 403, 'not_a_participant');
  expect(JSON.stringify(await ofServer())).not.toContain(roomId);
});

it('/metrics has the same figures in Prometheus format, with a fixed set of labels', async () => {
  const response = await fetch(`${server.url}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  for (const id of [roomId, ada.user.id, bob.user.id]) expect(text).not.toContain(id);
  const types = new Map<string, string>();
  const samples: { name: string; labels: Map<string, string>; value: number }[] = [];
  for (const line of text.split('\n').filter(Boolean)) {
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary)$/.exec(line);
    if (type) types.set(type[1]!, type[2]!);
    if (line.startsWith('#')) continue;
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    expect({ line, parsed: sample !== null }).toEqual({ line, parsed: true });
    const labels = [...(sample![2] ?? '').matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)];
    samples.push({
      name: sample![1]!,
      labels: new Map(labels.map(([, name, value]) => [name!, value!])),
      value: Number(sample![3]),
    });
  }
  const ours = samples.filter(({ name }) => name.startsWith('roomcast_'));
  expect(ours.length).toBeGreaterThan(100);
  for (const { name, labels } of ours) {
    expect(types.has(name.replace(/_(bucket|sum|count)$/, '')) || types.has(name)).toBe(true);
    for (const label of labels.keys()) expect(['type', 'priority', 'le', 'transport']).toContain(label);
  }
  for (const [name] of [...types].filter(([name, type]) => type === 'histogram' && /^roomcast/.test(name))) {
    const buckets = ours.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => Number(labels.get('le')!.replace('+Inf', 'Infinity')));
    expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
    expect(bounds.at(-1)).toBe(Infinity);
    const values = buckets.map(({ value }) => value);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(ours.find((sample) => sample.name === `${name}_count`)!.value).toBe(values.at(-1));
    expect(values.at(-1)).toBeGreaterThan(0);
  }
  const { total } = await ofServer();
  const events = ours.filter(({ name }) => name === 'roomcast_events_total');
  expect(events.reduce((sum, { value }) => sum + value, 0)).toBe(total.totals.events);
  // Measuring the distribution of the lag would wake an idle server a hundred times a second.
  expect([...types.keys()].filter((name) => name.startsWith('nodejs_eventloop_'))).toEqual([
    'nodejs_eventloop_lag_seconds',
    'nodejs_eventloop_active_seconds_total',
  ]);
  const active = samples.find(({ name }) => name === 'nodejs_eventloop_active_seconds_total');
  expect(active!.value).toBeGreaterThan(0);
});

describe('figures of the past', () => {
  it('are not in the last hour once they are older, and stay in the totals', () => {
    const statistics = new Statistics();
    statistics.age(1000);
    statistics.count('events', 'user_joined', 'r', 5);
    statistics.countNode('replays');
    const recent = () => statistics.recent().byType.get('user_joined')!.events;
    statistics.age(1000 + 3000);
    statistics.count('events', 'user_joined', 'r', 2);
    expect(recent()).toBe(7);
    statistics.age(1000 + 3601);
    expect(recent()).toBe(2);
    expect(statistics.recent().node.replays).toBe(0);
    statistics.age(1000 + 3 * 3600);
    expect(recent()).toBe(0);
    expect(statistics.total.byType.get('user_joined')!.events).toBe(7);
    expect(statistics.total.node.replays).toBe(1);
  });

  it('of a room are removed an hour after its last event', () => {
    const statistics = new Statistics();
    statistics.age(1000);
    statistics.count('events', 'user_joined', 'silent');
    statistics.age(1000 + 3000);
    statistics.count('events', 'user_joined', 'active');
    statistics.age(1000 + 3601);
    expect(statistics.room('silent').events).toBe(0);
    expect(statistics.room('active').events).toBe(1);
    expect(statistics.roomCount).toBe(1);
  });
});
