import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DeliveryReport, Envelope } from '../src/contract/index.js';
import { expectValid } from './support/answers.js';
import { guest, type Person, roomOf } from './support/api.js';
import { wav } from './support/audio.js';
import { eventually, listen, type Listener, type ListenerOptions } from './support/listener.js';
import { copiesOf, raiser } from './support/raise.js';
import { startServer, type TestServer } from './support/server.js';

const timeout = 0.2;

let server: TestServer;
let ada: Person;
let bob: Person;
let carol: Person;
let roomId: string;
let raise: ReturnType<typeof raiser>;
const open: Listener[] = [];

beforeAll(async () => {
  server = await startServer({ CONFIRMATION_TIMEOUT_MS: '200', CONFIRMATION_ATTEMPTS: '3' });
  [ada, bob, carol] = await Promise.all([
    guest(server.url, 'ada'),
    guest(server.url, 'bob'),
    guest(server.url, 'carol'),
  ]);
});
afterAll(() => server.close());
beforeEach(async () => {
  for (const listener of open.splice(0)) listener.close();
  roomId = (await roomOf(ada, [bob, carol])).id;
  raise = raiser(server, ada, roomId);
});

const never = () => undefined;

async function hear(who: Person, options?: ListenerOptions): Promise<Listener> {
  const listener = await listen(server.url, who, roomId, options);
  open.push(listener);
  return listener;
}

async function critical(): Promise<string> {
  const [event] = await raise.critical();
  return event!.event_id;
}

async function report(eventId: string): Promise<DeliveryReport> {
  const { status, body } = await ada.get(`/rooms/${roomId}/events/${eventId}/delivery`);
  expect(status).toBe(200);
  return body.delivery;
}

async function finalReport(eventId: string): Promise<DeliveryReport> {
  await eventually(async () => (await report(eventId)).complete, 'the delivery to end');
  return report(eventId);
}

const userOf = ({ users }: DeliveryReport, { user }: Person) => users.find(({ id }) => id === user.id);
const retriesOf = (listener: Listener, eventId: string) =>
  copiesOf(listener.events, eventId).map(({ metadata }) => metadata.retry_count);
const heard = (listener: Listener, eventId: string, copies: number) =>
  listener.until(() => retriesOf(listener, eventId).length >= copies, `copy ${copies}`);

describe('a client that never confirms', () => {
  it('receives the retries, which others do not, and after the last one delivery_failed, and is closed', async () => {
    const hers = await hear(ada);
    const his = await hear(bob, { confirm: never });
    const closed = his.closed();
    const id = await critical();
    await heard(his, id, 2);
    expect(await report(id)).toMatchObject({
      requires_confirmation: true,
      complete: false,
      expected: 2,
      confirmed: 1,
      pending: 1,
      dead_letters: 0,
      attempts: 2,
      connections: { expected: 2, confirmed: 1 },
    });
    const problem = await his.next('error');
    expect(await closed).toBe('transport close');
    const copies = copiesOf(his.events, id);
    expectValid(copies);
    expect(copies.map(({ metadata }) => metadata.retry_count)).toEqual([0, 1, 2]);
    const [first] = copies as [Envelope];
    for (const [attempt, copy] of copies.entries()) {
      const { server_time, ...data } = copy.data;
      const { server_time: firstSent, ...firstData } = first.data;
      expect(data).toEqual(firstData);
      expect({ ...copy.metadata, retry_count: 0 }).toEqual(first.metadata);
      expect(server_time - firstSent).toBeGreaterThanOrEqual(timeout * attempt - 0.01);
    }
    expect(problem.data).toMatchObject({
      room_id: roomId,
      code: 'delivery_failed',
      details: { event_id: id, type: 'user_joined', sequence: first.metadata.sequence },
    });
    expect(retriesOf(hers, id)).toEqual([0]);
    const done = await finalReport(id);
    expect(done).toMatchObject({
      event_id: id,
      type: 'user_joined',
      sequence: first.metadata.sequence,
      complete: true,
      expected: 2,
      confirmed: 1,
      pending: 0,
      superseded: 0,
      expired: 0,
      dead_letters: 1,
      attempts: 3,
      connections: { expected: 2, confirmed: 1 },
      users_left_out: 0,
    });
    expect(userOf(done, bob)).toMatchObject({
      username: 'bob',
      outcome: 'dead_letter',
      connections: 1,
      confirmed_connections: 0,
      attempts: 3,
      seconds: null,
    });
    expect(userOf(done, ada)).toMatchObject({ outcome: 'confirmed', attempts: 1, connections: 1 });
    const { p50, p99, max } = done.time_to_confirmation;
    expect([p50, p99, max]).toEqual(Array(3).fill(userOf(done, ada)!.seconds));
  });

  it('reconnects and is replayed the event, and fails again if it does not confirm the replay', async () => {
    let applied: number | undefined;
    let mute = true;
    const his = await hear(bob, {
      reconnection: true,
      afterSequence: () => applied,
      confirm: (event, confirmed) => {
        if (mute) return;
        applied = event.metadata.sequence!;
        confirmed();
      },
    });
    applied = his.ofType('connection_established')[0]!.data.sequence;
    const id = await critical();
    // A dead letter on the live connection, and again on the one after it.
    await his.until(() => his.ofType('error').length === 2, 'the second dead letter');
    expect(retriesOf(his, id)).toEqual([0, 1, 2, 0, 1, 2]);
    mute = false;
    await his.until(() => retriesOf(his, id).length === 7);
    const established = his.ofType('connection_established');
    expect(established.map(({ data }) => data.resumed)).toEqual([false, true, true]);
    for (const error of his.ofType('error')) {
      expect(error.data).toMatchObject({ code: 'delivery_failed', details: { event_id: id } });
    }
    const [next] = await raise.critical();
    await heard(his, next!.event_id, 1);
    await eventually(async () => userOf(await report(next!.event_id), bob)?.outcome === 'confirmed');
    expect(his.ofType('connection_established')).toHaveLength(3);
    expect(retriesOf(his, id)).toEqual([0, 1, 2, 0, 1, 2, 0]);
  });
});

describe('a client that confirms late', () => {
  it('has confirmed if it acknowledges the first copy after the second was sent', async () => {
    const his = await hear(bob, { confirm: lateBy(1) });
    const hers = await hear(carol, { confirm: never });
    const id = await critical();
    await eventually(async () => userOf(await report(id), bob)?.outcome === 'confirmed');
    const live = await report(id);
    expect(userOf(live, bob)).toMatchObject({ attempts: 2, connections: 1, confirmed_connections: 1 });
    expect(userOf(live, bob)!.seconds).toBeGreaterThanOrEqual(timeout - 0.01);
    // The client that has not confirmed is sent the third copy; he would have been sent his in the same sweep.
    await heard(hers, id, 3);
    await his.ask('time_sync', {});
    expect(retriesOf(his, id)).toEqual([0, 1]);
    expect(await finalReport(id)).toMatchObject({ expected: 2, confirmed: 1, dead_letters: 1, attempts: 3 });
    expect(his.socket.connected).toBe(true);
  });

  /** Answers the first copy once the copy with this retry count has come. */
  function lateBy(retries: number): NonNullable<ListenerOptions['confirm']> {
    const firsts = new Map<string, () => void>();
    return ({ event_id, metadata }, confirmed) => {
      if (metadata.retry_count === 0) firsts.set(event_id, confirmed);
      if (metadata.retry_count === retries) firsts.get(event_id)!();
    };
  }
});

describe('clients that confirm half of the time', () => {
  const attempts = 8;
  const listeners = 6;
  const events = 12;
  let patient: TestServer;
  beforeAll(async () => {
    patient = await startServer({
      CONFIRMATION_TIMEOUT_MS: '400',
      CONFIRMATION_ATTEMPTS: String(attempts),
    });
  });
  afterAll(() => patient.close());

  /** Whether this listener confirms this copy: the same in every run. */
  const confirms = (listener: number, event: number, attempt: number) => {
    let x = Math.imul(listener * 8191 + event * 131 + attempt + 1, 0x9e3779b1);
    x = Math.imul(x ^ (x >>> 15), 0x85ebca6b);
    return ((x ^ (x >>> 13)) & 1) === 1;
  };
  const copiesNeeded = (listener: number, event: number) => {
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      if (confirms(listener, event, attempt)) return attempt + 1;
    }
    throw new Error('a seed is needed with which everyone confirms at last');
  };

  it('receive retries until they confirm, and each report has the attempts of each user', async () => {
    const host = await guest(patient.url, 'host');
    const people = await Promise.all(
      Array.from({ length: listeners }, (_, index) => guest(patient.url, `listener ${index}`)),
    );
    const room = await roomOf(host, people);
    const index = new Map<string, number>();
    const all = await Promise.all(
      people.map((who, listener) =>
        listen(patient.url, who, room.id, {
          confirm: ({ event_id, metadata }, confirmed) => {
            if (confirms(listener, index.get(event_id)!, metadata.retry_count)) confirmed();
          },
        }),
      ),
    );
    const { app } = patient;
    const raiseThere = raiser({ ...patient, app }, host, room.id);
    const ids: string[] = [];
    for (let event = 0; event < events; event += 1) {
      // The index has to be set before the first copy arrives: both happen in one turn of the event loop.
      const [raised] = await raiseThere.critical();
      index.set(raised!.event_id, event);
      ids.push(raised!.event_id);
    }
    const reportOf = async (id: string): Promise<DeliveryReport> =>
      (await host.get(`/rooms/${room.id}/events/${id}/delivery`)).body.delivery;
    await eventually(
      async () => (await host.get(`/rooms/${room.id}/statistics`)).body.pending_confirmations === 0,
      'every delivery to end',
      15_000,
    );
    for (const [event, id] of ids.entries()) {
      const needed = people.map((_, listener) => copiesNeeded(listener, event));
      for (const [listener, { events: got }] of all.entries()) {
        const retries = copiesOf(got, id).map(({ metadata }) => metadata.retry_count);
        expect(retries).toEqual(Array.from({ length: needed[listener]! }, (_, retry) => retry));
      }
      const done = await reportOf(id);
      expect(done).toMatchObject({
        expected: listeners,
        confirmed: listeners,
        pending: 0,
        dead_letters: 0,
        attempts: Math.max(...needed),
        connections: { expected: listeners, confirmed: listeners },
      });
      for (const [listener, { user }] of people.entries()) {
        expect(done.users.find(({ id }) => id === user.id)).toMatchObject({
          outcome: 'confirmed',
          attempts: needed[listener],
        });
      }
    }
    for (const { sequences } of all) {
      const firsts = [...new Set(sequences)];
      expect(firsts).toEqual(firsts.map((_, place) => firsts[0]! + place));
    }
    for (const listener of all) listener.close();
  });
});

describe('a client whose confirmations do not arrive in time', () => {
  async function play(): Promise<void> {
    const { status } = await ada.upload(roomId, wav(60), 'song.wav');
    expect(status).toBe(201);
  }
  const seek = async (position: number): Promise<string> =>
    (await ada.post(`/rooms/${roomId}/playback/seek`, { position })).body.event.event_id;

  it('is closed if it confirms nothing, even if each command supersedes the one before', async () => {
    await play();
    const hers = await hear(ada);
    const mute = await hear(bob, { confirm: never });
    for (let position = 1; mute.socket.connected; position += 1) {
      await seek(position % 50);
      if (position > 200) throw new Error('the mute connection was not closed');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(mute.ofType('error').map(({ data }) => data.code)).toEqual(['delivery_failed']);
    expect(hers.socket.connected).toBe(true);
  });

  it('has confirmed_late_at in the report of a superseded event that it confirms late', async () => {
    await play();
    const held: (() => void)[] = [];
    const his = await hear(bob, { confirm: (_, acknowledge) => held.push(acknowledge) });
    const older = await seek(1);
    const newer = await seek(2);
    await his.until(() => held.length >= 2);
    // Without the confirmation of the newer one the connection would be closed.
    held[1]!();
    expect(await finalReport(older)).toMatchObject({ superseded: 1, confirmed_late: 0 });
    expect(await finalReport(newer)).toMatchObject({ confirmed: 1 });
    held[0]!();
    await eventually(async () => (await report(older)).confirmed_late === 1, 'the late confirmation');
    expect(userOf(await report(older), bob)).toMatchObject({
      outcome: 'superseded',
      confirmed_late_at: expect.any(Number),
    });
  });
});

describe('a client that disconnects between attempts', () => {
  it('has the outcome expired, and is replayed the unconfirmed event when it reconnects', async () => {
    const hers = await hear(ada);
    const his = await hear(bob, { confirm: never });
    const after = his.ofType('connection_established')[0]!.data.sequence;
    const id = await critical();
    await heard(his, id, 2);
    his.close();
    const done = await finalReport(id);
    expect(done).toMatchObject({ expected: 2, confirmed: 1, expired: 1, dead_letters: 0, pending: 0 });
    expect(userOf(done, bob)).toMatchObject({ outcome: 'expired', attempts: 2, confirmed_connections: 0 });
    await hers.next('user_disconnected_websocket', ({ data }) => data.user.id === bob.user.id);
    const back = await hear(bob, { afterSequence: after });
    await back.next('user_connected_websocket');
    const [established] = back.events;
    expect(established).toMatchObject({ type: 'connection_established', data: { resumed: true } });
    expect(retriesOf(back, id)).toEqual([0]);
    expect(back.sequences).toEqual(back.sequences.map((_, place) => after + 1 + place));
  });

  it('counts as confirmed if it reconnects and confirms while the delivery is pending for others', async () => {
    const hers = await hear(carol, { confirm: never });
    const his = await hear(bob, { confirm: never });
    const after = his.ofType('connection_established')[0]!.data.sequence;
    const id = await critical();
    await heard(hers, id, 1);
    his.close();
    const back = await hear(bob, { afterSequence: after });
    await heard(back, id, 1);
    const done = await finalReport(id);
    expect(done).toMatchObject({ expected: 2, confirmed: 1, dead_letters: 1, expired: 0 });
    expect(userOf(done, bob)).toMatchObject({
      outcome: 'confirmed',
      connections: 2,
      confirmed_connections: 1,
    });
    expect(userOf(done, carol)).toMatchObject({ outcome: 'dead_letter' });
  });

  it('has all attempts again when it reconnects, even if others are at their last attempt', async () => {
    const hers = await hear(carol, { confirm: never });
    const after = hers.ofType('connection_established')[0]!.data.sequence;
    const id = await critical();
    await heard(hers, id, 3);
    const back = await hear(bob, {
      afterSequence: after,
      confirm: ({ metadata }, confirmed) => metadata.retry_count === 2 && confirmed(),
    });
    await heard(back, id, 3);
    expect(retriesOf(back, id)).toEqual([0, 1, 2]);
    await eventually(async () => (await report(id)).complete, 'the delivery to end');
    expect(back.ofType('error')).toEqual([]);
    const [next] = await raise.critical();
    await heard(back, next!.event_id, 1);
    expect(userOf(await report(id), bob)).toMatchObject({ outcome: 'confirmed', attempts: 3 });
  });
});

describe('a user with two tabs, one of which never confirms', () => {
  it('receives retries in that tab only, which is closed; the other stays connected', async () => {
    await hear(ada);
    const good = await hear(bob);
    const mute = await hear(bob, { confirm: never });
    const closed = mute.closed();
    const id = await critical();
    await heard(mute, id, 2);
    const live = await report(id);
    expect(live).toMatchObject({ expected: 2, confirmed: 1, pending: 1 });
    expect(live.connections).toEqual({ expected: 3, confirmed: 2 });
    expect(userOf(live, bob)).toMatchObject({
      outcome: 'pending',
      connections: 2,
      confirmed_connections: 1,
    });
    await closed;
    expect(retriesOf(mute, id)).toEqual([0, 1, 2]);
    expect(mute.events.at(-1)).toMatchObject({ type: 'error', data: { code: 'delivery_failed' } });
    const done = await finalReport(id);
    expect(done).toMatchObject({ expected: 2, confirmed: 1, dead_letters: 1 });
    expect(userOf(done, bob)).toMatchObject({
      outcome: 'dead_letter',
      connections: 2,
      confirmed_connections: 1,
    });
    const next = await critical();
    await heard(good, next, 1);
    expect(retriesOf(good, id)).toEqual([0]);
    expect(good.ofType('user_disconnected_websocket')).toEqual([]);
  });
});

describe('a newer playback event', () => {
  const command = async (name: string, body?: object): Promise<string> => {
    const answer = await ada.post(`/rooms/${roomId}/playback/${name}`, body);
    expect(answer.status).toBe(200);
    return answer.body.event.event_id;
  };
  beforeEach(async () => {
    await ada.upload(roomId, wav(60), 'song.wav');
  });

  it('ends the retries of an older one, which is superseded in its report, and of no other event', async () => {
    await hear(ada);
    const his = await hear(bob, { confirm: never });
    const joined = await critical();
    const older = await command('pause');
    await heard(his, older, 2);
    const newer = await command('seek', { position: 5 });
    await his.next('error');
    expect(retriesOf(his, older)).toEqual([0, 1]);
    expect(retriesOf(his, joined)).toEqual([0, 1, 2]);
    const done = await finalReport(older);
    expect(done).toMatchObject({ expected: 2, confirmed: 1, superseded: 1, dead_letters: 0, attempts: 2 });
    expect(userOf(done, bob)).toMatchObject({ outcome: 'superseded', attempts: 2 });
    expect(await finalReport(joined)).toMatchObject({ dead_letters: 1, superseded: 0 });
    // His connection closed before this event had used its attempts.
    expect(await finalReport(newer)).toMatchObject({ confirmed: 1, expired: 1 });
  });

  it('is itself retried', async () => {
    const his = await hear(bob, { confirm: never });
    const older = await command('pause');
    const newer = await command('seek', { position: 7 });
    await his.next('error');
    expect(retriesOf(his, older)).toEqual([0]);
    expect(retriesOf(his, newer)).toEqual([0, 1, 2]);
    expect(await finalReport(older)).toMatchObject({ superseded: 1, dead_letters: 0 });
    expect(await finalReport(newer)).toMatchObject({ superseded: 0, dead_letters: 1 });
  });

  it('ends the retries of an older one that was replayed', async () => {
    const { sequence: after } = (await ada.get(`/rooms/${roomId}`)).body;
    const older = await command('pause');
    const newer = await command('seek', { position: 9 });
    const his = await hear(bob, { afterSequence: after, confirm: never });
    await his.next('error');
    expect(retriesOf(his, older)).toEqual([0]);
    expect(retriesOf(his, newer)).toEqual([0, 1, 2]);
  });
});
