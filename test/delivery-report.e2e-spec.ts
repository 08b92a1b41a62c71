import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { v7 as uuid } from 'uuid';
import { DeliveryReport, shape } from '../src/contract/index.js';
import { summarizeDelivery } from '../src/delivery/reports/delivery-summary.js';
import { makeEvent } from '../src/events/envelope.js';
import type { Recipient } from '../src/delivery/confirmations/delivery.js';
import { ConfirmationTracker } from '../src/delivery/confirmations/confirmation-tracker.js';
import { Statistics } from '../src/metrics/statistics.js';
import { RoomStreams } from '../src/delivery/room-streams.js';
import { expectAnswer, expectProblem } from './support/answers.js';
import { guest, type Person, person, request, roomOf } from './support/api.js';
import { eventually, listen } from './support/listener.js';
import { raiser } from './support/raise.js';
import { startServer, temporaryFolder, type TestServer } from './support/server.js';

let server: TestServer;
let dataDir: string;
let ada: Person;
let bob: Person;
let roomId: string;

const start = () => startServer({ DATA_DIR: dataDir, CONFIRMATION_TIMEOUT_MS: '200' });
beforeAll(async () => {
  dataDir = await temporaryFolder();
  server = await start();
  ada = await guest(server.url, 'ada');
  bob = await guest(server.url, 'bob');
});
afterAll(async () => {
  await server.close();
  await rm(dataDir, { recursive: true, force: true });
});
beforeEach(async () => {
  roomId = (await roomOf(ada, [bob])).id;
});

const pathOf = (eventId: string) => `/rooms/${roomId}/events/${eventId}/delivery`;
async function reportOf(eventId: string): Promise<DeliveryReport> {
  const answer = await ada.get(pathOf(eventId));
  expectAnswer(answer, 200, shape({ delivery: DeliveryReport }));
  return answer.body.delivery;
}
const critical = async () => (await raiser(server, ada, roomId).critical())[0]!.event_id;

async function restart(): Promise<void> {
  await server.close();
  server = await start();
  ada = person(server.url, ada.token, ada.user);
  bob = person(server.url, bob.token, bob.user);
}

it('a delivery report is readable by participants only', async () => {
  const id = await critical();
  expectProblem(await request(server.url, 'GET', pathOf(id)), 401, 'unauthorized');
  const stranger = await guest(server.url, 'stranger');
  expectProblem(await stranger.get(pathOf(id)), 403, 'not_a_participant');
  expect((await bob.get(pathOf(id))).status).toBe(200);
});

it('the report of an event that is not in the room’s log is answered with event_not_found', async () => {
  const { id: other } = await roomOf(ada);
  const [elsewhere] = await raiser(server, ada, other).critical();
  expectProblem(await ada.get(pathOf(uuid())), 404, 'event_not_found');
  expectProblem(await ada.get(pathOf(elsewhere!.event_id)), 404, 'event_not_found');
  expectProblem(await ada.get(pathOf('nonsense')), 400, 'malformed');
});

it('the report of a high event, and of a critical one without a connected user, expects nobody', async () => {
  const alone = await critical();
  const hers = await listen(server.url, ada, roomId);
  const [high] = await raiser(server, ada, roomId).high();
  await hers.until(() => hers.events.at(-1)?.event_id === high!.event_id);
  const nothing = {
    complete: true,
    expected: 0,
    confirmed: 0,
    pending: 0,
    expired: 0,
    dead_letters: 0,
    superseded: 0,
    attempts: 0,
    connections: { expected: 0, confirmed: 0 },
    time_to_confirmation: { p50: null, p99: null, max: null },
    users: [],
    users_left_out: 0,
  };
  expect(await reportOf(high!.event_id)).toMatchObject({ ...nothing, requires_confirmation: false });
  expect(await reportOf(alone)).toMatchObject({ ...nothing, requires_confirmation: true });
  hers.close();
});

it('a report is unchanged after a restart; a delivery that the restart interrupted is expired', async () => {
  const hers = await listen(server.url, ada, roomId);
  const mute = await listen(server.url, bob, roomId, { confirm: () => undefined });
  const done = await critical();
  await eventually(async () => (await reportOf(done)).complete);
  const before = await reportOf(done);
  expect(before).toMatchObject({ expected: 2, confirmed: 1, dead_letters: 1 });
  const again = await listen(server.url, bob, roomId, { confirm: () => undefined });
  const cut = await critical();
  await eventually(async () => (await reportOf(cut)).confirmed === 1);
  await restart();
  expect(await reportOf(done)).toEqual(before);
  expect(await reportOf(cut)).toMatchObject({ complete: true, expected: 2, confirmed: 1, expired: 1 });
  for (const listener of [hers, mute, again]) listener.close();
});

it('a report lists dead letters first, and counts the users that it does not list', async () => {
  const people = await Promise.all(Array.from({ length: 54 }, (_, index) => guest(server.url, `p${index}`)));
  await Promise.all(people.map((who) => who.post(`/rooms/${roomId}/join`)));
  const quiet = new Set(people.slice(0, 3).map(({ user }) => user.id));
  const listeners = await Promise.all(
    people.map((who) =>
      listen(server.url, who, roomId, quiet.has(who.user.id) ? { confirm: () => undefined } : {}),
    ),
  );
  const id = await critical();
  await eventually(async () => (await reportOf(id)).confirmed === 51);
  await eventually(async () => (await reportOf(id)).complete);
  const report = await reportOf(id);
  expect(report).toMatchObject({ expected: 54, confirmed: 51, dead_letters: 3, attempts: 3 });
  expect(new Set(report.users.slice(0, 3).map((user) => user.id))).toEqual(quiet);
  expect(report.users.length + report.users_left_out).toBe(54);
  expect(report.users_left_out).toBeGreaterThan(0);
  for (const listener of listeners) listener.close();
});

it('a user who confirms after reconnecting has confirmed_late_at, after a dead letter and after expired', async () => {
  const hers = await listen(server.url, ada, roomId);
  const before = hers.sequences.at(-1) ?? 0;
  const mute = await listen(server.url, bob, roomId, { confirm: () => undefined });
  const dead = await critical();
  await mute.closed();
  const leaving = await listen(server.url, bob, roomId, { confirm: () => undefined });
  const expired = await critical();
  await leaving.until(() => leaving.events.at(-1)?.event_id === expired);
  leaving.close();
  const missed = [
    [dead, 'dead_letter', 'dead_letters'],
    [expired, 'expired', 'expired'],
  ] as const;
  for (const [id, , count] of missed) {
    await eventually(async () => (await reportOf(id)).complete);
    expect(await reportOf(id)).toMatchObject({ expected: 2, confirmed: 1, [count]: 1, confirmed_late: 0 });
  }

  const began = Date.now() / 1000;
  const back = await listen(server.url, bob, roomId, { afterSequence: before });
  for (const [id, outcome] of missed) {
    await eventually(async () => (await reportOf(id)).confirmed_late === 1);
    const { expected, confirmed, users } = await reportOf(id);
    expect([expected, confirmed]).toEqual([2, 1]);
    expect(users).toMatchObject([
      { id: bob.user.id, outcome, confirmed_late_at: expect.any(Number) },
      { id: ada.user.id, outcome: 'confirmed', confirmed_late_at: null },
    ]);
    expect(Math.abs(users[0]!.confirmed_late_at! - began)).toBeLessThan(10);
  }
  // Confirming another replay of the same event changes nothing.
  const told = await reportOf(dead);
  const again = await listen(server.url, bob, roomId, { afterSequence: before });
  await again.until(() => again.events.some(({ event_id }) => event_id === expired), 'the replay');
  await eventually(() => server.app.get(RoomStreams).sizeOf(roomId).pendingConfirmations === 0);
  // Queued reports are written before the server stops.
  await restart();
  expect(await reportOf(dead)).toEqual(told);
  for (const listener of [hers, back, again]) listener.close();
});

it('a late confirmation just before the shutdown is written', async () => {
  const mute = await listen(server.url, bob, roomId, { confirm: () => undefined });
  const before = mute.ofType('connection_established')[0]!.data.sequence;
  const id = await critical();
  await mute.closed();
  await eventually(async () => (await reportOf(id)).complete);
  const back = await listen(server.url, bob, roomId, { afterSequence: before });
  await back.until(() => back.events.some(({ event_id }) => event_id === id));
  await eventually(() => server.app.get(RoomStreams).sizeOf(roomId).pendingConfirmations === 0);
  await restart();
  expect(await reportOf(id)).toMatchObject({ expected: 1, dead_letters: 1, confirmed_late: 1 });
  back.close();
});

it('a user with a dead letter who confirms the replay while the delivery is pending has confirmed_late_at', () => {
  const reports: ReturnType<typeof summarizeDelivery>[] = [];
  const tracker = new ConfirmationTracker('r', { timeoutSeconds: 1, attempts: 1 }, new Statistics(), {
    ended: (delivery, users) => reports.push(summarizeDelivery(delivery, users)),
    confirmedLate: () => undefined,
  });
  const recipient = (name: string): Recipient => {
    const self: Recipient = {
      id: uuid(),
      user: { id: name, username: name, guest: true },
      slot: -1,
      unconfirmed: undefined,
      resend: () => undefined,
      fail: () => tracker.remove(self),
    };
    tracker.add(self);
    return self;
  };
  const event = makeEvent(
    'user_joined',
    'r',
    100,
    { user: { id: 'x', username: 'x', guest: true }, participant_count: 1 },
    1,
  );
  const [first, tab] = [recipient('dead'), recipient('two tabs')];
  const delivery = tracker.start(event, 1, 100);
  for (const { slot } of [first, tab]) delivery.expect(slot);
  tracker.confirm(tab, 1, 100.1);
  const other = recipient('newcomer');
  tracker.replayed(other, event, 1, 100.9);
  tracker.sweep(101.1);
  const back = recipient('dead');
  tracker.replayed(back, event, 1, 101.2);
  tracker.confirm(back, 1, 101.5);
  tracker.confirm(other, 1, 101.6);
  expect(reports).toHaveLength(1);
  expect(reports[0]!.users).toMatchObject([
    { id: 'dead', outcome: 'dead_letter', connections: 2, confirmed_late_at: expect.closeTo(101.5) },
    { id: 'newcomer', outcome: 'confirmed', confirmed_late_at: null },
    { id: 'two tabs', outcome: 'confirmed', confirmed_late_at: null },
  ]);
});

it('a connection fails if it confirms none of several superseded events, and not if it confirms some', () => {
  const failed: string[] = [];
  const tracker = new ConfirmationTracker('r', { timeoutSeconds: 1, attempts: 3 }, new Statistics(), {
    ended: () => undefined,
    confirmedLate: () => undefined,
  });
  const recipient = (id: string): Recipient => {
    const self: Recipient = {
      id,
      user: { id, username: id, guest: true },
      slot: -1,
      unconfirmed: undefined,
      resend: () => undefined,
      fail: () => {
        failed.push(id);
        tracker.remove(self);
      },
    };
    tracker.add(self);
    return self;
  };
  const [mute, slow] = [recipient('mute'), recipient('slow')];
  const playback = { status: 'paused', track_id: null, position: 0, started_at: null, version: 1 } as const;
  // A command every half second: each supersedes the one before, before that is sent again.
  for (let sequence = 1; sequence <= 20; sequence += 1) {
    const now = sequence / 2;
    const event = makeEvent('playback_paused', 'r', now, { playback, user: null }, sequence);
    const delivery = tracker.start(event, sequence, now);
    for (const { slot, id } of [mute, slow]) if (!failed.includes(id)) delivery.expect(slot);
    if (sequence % 4 === 0) tracker.confirm(slow, sequence, now);
    tracker.sweep(now);
    if (now < 3) expect(failed).toEqual([]);
  }
  expect(failed).toEqual(['mute']);
});
