import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { Compile } from 'typebox/compile';
import { type Envelope, envelopeOf, eventTypes, rest } from '../src/contract/index.js';
import { guest, type Person, person, request, roomOf, stateOf } from './support/api.js';
import { fixture, wav } from './support/audio.js';
import { eventually, listen, type Listener, listenToLobby } from './support/listener.js';
import { type Postgres, startPostgres } from './support/postgres.js';
import { startServer, type TestServer } from './support/server.js';

let postgres: Postgres;
let server: TestServer;
const opened: Listener[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
  server = await startServer({ DATABASE_URL: await postgres.database() });
}, 300_000);
afterEach(() => {
  for (const listener of opened.splice(0)) listener.close();
});
afterAll(async () => {
  await server?.close();
  await postgres?.close();
});

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
const schemas = new Map(eventTypes.map((type) => [type, Compile(envelopeOf(type))]));
const faults = (event: Envelope): unknown[] => [...schemas.get(event.type)!.Errors(event)];
const hear = async (...args: Parameters<typeof listen>): Promise<Listener> => {
  const listener = await listen(...args);
  opened.push(listener);
  return listener;
};

async function threeInARoom(url = server.url) {
  const people = await Promise.all(['ada', 'bob', 'eve'].map((name) => guest(url, name)));
  const [ada, ...others] = people as [Person, ...Person[]];
  const room = await roomOf(ada, others);
  await ada.patch(`/rooms/${room.id}`, { settings: { playback_control: 'everyone' } });
  return { people, ada, bob: people[1]!, eve: people[2]!, roomId: room.id };
}

it('registering, signing in, refreshing and revoking work', async () => {
  const ada = await guest(server.url, 'ada');
  const credentials = { username: 'Ada Lovelace', password: 'correct horse' };
  const registered = await ada.post('/auth/register', credentials);
  expect([registered.status, registered.body.user]).toEqual([
    201,
    { ...ada.user, username: 'Ada Lovelace', guest: false },
  ]);
  const again = await (
    await guest(server.url, 'bob')
  ).post('/auth/register', { ...credentials, username: 'ADA lovelace' });
  expect([again.status, again.body.error.code]).toEqual([409, 'username_taken']);
  // Both at once: one of them gets the name.
  const both = await Promise.all(
    [1, 2].map(() =>
      request(server.url, 'POST', '/auth/register', {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: 'twice', password: 'correct horse' }),
      }),
    ),
  );
  expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
  const login = await ada.post('/auth/login', credentials);
  expect([login.status, login.body.user.id]).toEqual([200, ada.user.id]);
  expect((await ada.post('/auth/login', { ...credentials, password: 'wrong' })).status).toBe(401);
  const she = person(server.url, login.body.token, login.body.user);
  expect((await she.post('/auth/refresh')).status).toBe(200);
  expect((await she.post('/auth/logout')).status).toBe(200);
  expect((await she.get('/auth/me')).status).toBe(401);
});

it('a room works from its creation to its deletion', async () => {
  const { ada, bob, eve, roomId } = await threeInARoom();
  const lobby = await listenToLobby(server.url, eve);
  opened.push(lobby);
  const his = await hear(server.url, bob, roomId);
  expect((await bob.upload(roomId, wav(120), 'one.wav')).body.track.status).toBe('playing');
  const ids: string[] = [];
  for (const i of numbers(1, 4)) {
    ids.push((await bob.upload(roomId, wav(2, 300 + i), `song ${i}.wav`)).body.track.id);
  }
  const tagged = await bob.upload(roomId, fixture('tagged.flac'), 'tagged.flac');
  expect([tagged.status, tagged.body.track.has_cover]).toEqual([201, true]);
  expect((await bob.get(`/tracks/${tagged.body.track.id}/cover`)).status).toBe(200);
  const placed = await ada.put(`/rooms/${roomId}/queue`, { track_id: ids[3], queue_position: 2 });
  expect([placed.status, placed.body.queue_position]).toEqual([200, 2]);
  expect((await eve.post(`/tracks/${ids[2]}/vote`)).body.track.vote_score).toBe(1);
  expect((await eve.post(`/tracks/${ids[2]}/vote`)).body.track.vote_score).toBe(1);
  const { room } = await stateOf(eve, roomId);
  expect(Compile(rest.RoomStateAnswer).Check(await stateOf(eve, roomId))).toBe(true);
  expect(room.queue.map(({ id }) => id)).toEqual([ids[2], ids[3], ids[0], ids[1], tagged.body.track.id]);
  const skipped = await ada.post(`/rooms/${roomId}/playback/skip`);
  expect([skipped.status, skipped.body.playback.track_id]).toEqual([200, ids[2]]);
  expect((await bob.delete(`/tracks/${ids[0]}`)).status).toBe(200);
  const history = await eve.get(`/rooms/${roomId}/tracks?status=played`);
  expect(history.body.tracks.map(({ title }: { title: string }) => title)).toEqual(['one']);
  expect((await ada.get('/rooms')).body.rooms.find(({ id }: { id: string }) => id === roomId)).toMatchObject({
    participant_count: 3,
    online_count: 1,
  });
  expect((await ada.delete(`/rooms/${roomId}/participants/${eve.user.id}?ban=true`)).status).toBe(200);
  expect((await eve.post(`/rooms/${roomId}/join`)).body.error.code).toBe('banned');
  const { sequence } = await stateOf(ada, roomId);
  await his.until(() => his.sequences.at(-1) === sequence, 'all of it');
  expect(his.events.flatMap(faults)).toEqual([]);

  expect((await ada.delete(`/rooms/${roomId}`)).status).toBe(200);
  await his.next('room_deleted');
  await his.until(() => !his.socket.connected, 'the end');
  await lobby.next('room_deleted', ({ data }) => data.room.id === roomId);
  expect(his.sequences).toEqual(numbers(his.sequences[0]!, sequence + 1));
  expect((await ada.get(`/rooms/${roomId}`)).body.error.code).toBe('room_not_found');
  expect((await ada.get(`/tracks/${ids[1]}/stream`)).status).toBe(404);
});

it('300 concurrent changes by three users have one order without a gap', async () => {
  const { people, ada, bob, eve, roomId } = await threeInARoom();
  const { body } = await ada.upload(roomId, wav(120), 'song.wav');
  await ada.post(`/rooms/${roomId}/playback/pause`);
  const early = await hear(server.url, ada, roomId);
  let answered = 0;
  const changes = Promise.all(
    people.map((someone) =>
      Promise.all(
        numbers(1, 10).map(async () => {
          for (const i of numbers(1, 10)) {
            const { status } = await someone.post(`/rooms/${roomId}/playback/seek`, { position: i });
            expect(status).toBe(200);
            answered += 1;
          }
        }),
      ),
    ),
  );
  // Repeated votes: a vote that changes nothing raises no event.
  const votes = Promise.all(
    people.flatMap((someone) => numbers(1, 5).map(() => someone.post(`/tracks/${body.track.id}/vote`))),
  );
  await eventually(() => answered >= 20, 'some of the changes');
  const [middle, late] = await Promise.all([hear(server.url, bob, roomId), hear(server.url, eve, roomId)]);
  await changes;
  for (const { status } of await votes) expect(status).toBe(200);
  const { room, sequence } = await stateOf(ada, roomId);
  expect(room.current_track!.vote_score).toBe(3);
  const log: Envelope[] = (await ada.get(`/rooms/${roomId}/events?limit=1000`)).body.events;
  expect(log.map(({ metadata }) => metadata.sequence)).toEqual(numbers(1, sequence));
  expect(log.filter(({ type }) => type === 'playback_seeked')).toHaveLength(300);
  expect(log.filter(({ type }) => type === 'track_voted')).toHaveLength(3);
  for (const listener of [early, middle, late]) {
    const from = listener.ofType('connection_established')[0]!.data.sequence;
    await listener.until(() => (listener.sequences.at(-1) ?? from) === sequence, 'the last event');
    expect(listener.logged.map(({ event_id }) => event_id)).toEqual(
      log.slice(from).map(({ event_id }) => event_id),
    );
  }
}, 120_000);

it('concurrent changes of one room by two servers have one order without a gap', async () => {
  const settings = {
    DATABASE_URL: await postgres.database(),
    JWT_SECRET: 'a secret that is long enough for anyone',
  };
  const servers = [await startServer(settings), await startServer(settings)];
  try {
    const [{ url }, other] = servers as [TestServer, TestServer];
    const { ada, roomId } = await threeInARoom(url);
    await ada.upload(roomId, wav(120), 'song.wav');
    // Only the database is shared: there is no bus.
    const people = [ada, person(other.url, ada.token, ada.user)];
    const answers = await Promise.all(
      people.flatMap((someone) =>
        numbers(1, 50).map((i) => someone.post(`/rooms/${roomId}/playback/seek`, { position: i })),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const { sequence, room } = await stateOf(ada, roomId);
    const log: Envelope[] = (await ada.get(`/rooms/${roomId}/events?limit=1000`)).body.events;
    expect(log.map(({ metadata }) => metadata.sequence)).toEqual(numbers(1, sequence));
    const seeks = log.filter(({ type }) => type === 'playback_seeked') as Envelope<'playback_seeked'>[];
    // Each change read the state that the one before had written.
    const versions = seeks.map(({ data }) => data.playback.version);
    expect(versions).toEqual(numbers(room.playback.version - 99, room.playback.version));
  } finally {
    await Promise.all(servers.map((each) => each.close()));
  }
}, 120_000);

it('a client that reconnects is replayed exactly the missed events', async () => {
  const { ada, bob, roomId } = await threeInARoom();
  await ada.upload(roomId, wav(120), 'song.wav');
  const first = await hear(server.url, bob, roomId);
  const seen = first.ofType('connection_established')[0]!.data.sequence;
  first.close();
  for (const position of numbers(1, 50)) await ada.post(`/rooms/${roomId}/playback/seek`, { position });
  const back = await hear(server.url, bob, roomId, { afterSequence: seen });
  const { resumed, replayed, sequence } = back.ofType('connection_established')[0]!.data;
  expect({ resumed, replayed }).toEqual({ resumed: true, replayed: sequence - seen });
  await ada.post(`/rooms/${roomId}/playback/pause`);
  await back.next('playback_paused');
  expect(back.sequences).toEqual(numbers(seen + 1, sequence + 1));
  expect(back.ofType('playback_seeked')).toHaveLength(50);
});

it('counts and log are correct after users join, connect and leave at the same time', async () => {
  const { ada, roomId } = await threeInARoom();
  const crowd = await Promise.all(numbers(1, 12).map((i) => guest(server.url, `user ${i}`)));
  const joined = await Promise.all(
    crowd.flatMap((someone) => [1, 2].map(() => someone.post(`/rooms/${roomId}/join`))),
  );
  expect(joined.map(({ status }) => status)).toEqual(joined.map(() => 200));
  const listeners = await Promise.all(crowd.map((someone) => hear(server.url, someone, roomId)));
  expect((await stateOf(ada, roomId)).room).toMatchObject({ participant_count: 15, online_count: 12 });
  const left = await Promise.all(
    crowd.slice(0, 6).map((someone) => someone.delete(`/rooms/${roomId}/leave`)),
  );
  expect(left.map(({ status }) => status)).toEqual(left.map(() => 200));
  for (const listener of listeners) listener.close();
  await eventually(async () => (await stateOf(ada, roomId)).room.online_count === 0, 'all to be gone');
  const { room, sequence } = await stateOf(ada, roomId);
  expect(room.participant_count).toBe(9);
  const log: Envelope[] = (await ada.get(`/rooms/${roomId}/events?limit=1000`)).body.events;
  expect(log.map(({ metadata }) => metadata.sequence)).toEqual(numbers(1, sequence));
  expect(log.filter(({ type }) => type === 'user_joined')).toHaveLength(14);
  expect(log.filter(({ type }) => type === 'user_disconnected_websocket')).toHaveLength(12);
});

it('listeners are listed in pages, and tracks follow each other without a gap', async () => {
  const { people, ada, roomId } = await threeInARoom();
  const hers = await hear(server.url, ada, roomId);
  await hear(server.url, people[1]!, roomId);
  await hear(server.url, people[2]!, roomId);
  await hers.ask('sync_report', { drift: 0, round_trip: 1, buffered: 1 });
  const page = async (after?: string) =>
    (await ada.get(`/rooms/${roomId}/listeners?limit=2${after === undefined ? '' : `&after=${after}`}`)).body;
  const first = await page();
  const second = await page(first.next);
  expect([first.more, second.more, first.online_count]).toEqual([true, false, 3]);
  expect([...first.listeners, ...second.listeners].map(({ user }) => user.id)).toEqual(
    people.map(({ user }) => user.id).sort(),
  );

  const one = (await ada.upload(roomId, wav(2.123456), 'one.wav')).body.track;
  await ada.upload(roomId, wav(20), 'two.wav');
  const started = await hers.next('playback_started');
  const skipped = await hers.next('track_skipped');
  expect(skipped.data.playback.started_at! - started.data.playback.started_at!).toBeCloseTo(one.duration, 6);
  expect(skipped.data.timestamp).toBeLessThan(skipped.data.playback.started_at!);
});

it('text that the database cannot store is refused like other invalid input', async () => {
  const { ada, bob, roomId } = await threeInARoom();
  const hidden = await roomOf(ada, [], { visibility: 'private' });
  const strange = ['\u0000', 'a\u0000b', '\ud800', 'x'.repeat(100), '\uffff', '\u{10ffff}'];
  for (const text of strange) {
    const answers = await Promise.all([
      bob.post('/rooms', { name: text }),
      bob.post('/auth/guest', { username: text }),
      bob.post('/auth/login', { username: text, password: text.padEnd(8, '1') }),
      bob.post(`/rooms/${hidden.id}/join`, { invite: text }),
      bob.patch(`/rooms/${roomId}`, { name: text }),
      bob.get(`/rooms?after=${encodeURIComponent(text.toWellFormed())}`),
      bob.upload(roomId, wav(1), `${text.toWellFormed()}.wav`),
    ]);
    for (const { status, body } of answers) {
      expect([text, status, status < 400 || typeof body.error?.code === 'string']).toEqual([
        text,
        expect.any(Number),
        true,
      ]);
      expect(status).toBeLessThan(500);
    }
  }
});

it('a restarted server continues the log, and logs the disconnect of users who did not return', async () => {
  const url = await postgres.database();
  const secret = { DATABASE_URL: url, JWT_SECRET: 'a secret that is long enough for anyone' };
  const first = await startServer(secret);
  const { ada, roomId } = await threeInARoom(first.url);
  const hers = await hear(first.url, ada, roomId);
  await ada.post('/rooms', { name: 'Other' });
  const { sequence } = await stateOf(ada, roomId);
  await first.close();
  await hers.until(() => !hers.socket.connected, 'the end');
  const second = await startServer(secret);
  try {
    const she = person(second.url, ada.token, ada.user);
    // She counts as online during the grace.
    await eventually(async () => (await stateOf(she, roomId)).room.online_count === 0, 'the grace to end');
    const { events } = (await she.get(`/rooms/${roomId}/events?after=${sequence}`)).body as {
      events: Envelope[];
    };
    expect(events.map(({ type, metadata }) => [type, metadata.sequence])).toEqual([
      ['user_disconnected_websocket', sequence + 1],
    ]);
  } finally {
    await second.close();
  }
});
