import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Envelope, EventReference, EventType } from '../src/contract/index.js';
import { rest } from '../src/contract/index.js';
import { expectAnswer } from './support/answers.js';
import { type Answer, guest, type Person, roomOf, stateOf } from './support/api.js';
import { wav } from './support/audio.js';
import { listen, type Listener } from './support/listener.js';
import { type Postgres, startPostgres } from './support/postgres.js';
import { startServer, type TestServer } from './support/server.js';

let server: TestServer;
let ada: Person;
let bob: Person;

describe.each([
  ['SQLite', 'fast'],
  ['SQLite', 'standard'],
  ['PostgreSQL', 'fast'],
] as const)('on %s with the %s transport', (database, transport) => {
  let postgres: Postgres | undefined;
  beforeAll(async () => {
    postgres = database === 'PostgreSQL' ? await startPostgres() : undefined;
    server = await startServer({
      TRANSPORT: transport,
      ...(postgres && {
        DATABASE_URL: await postgres.database(),
        JWT_SECRET: 'a secret that is long enough for anyone',
      }),
    });
    [ada, bob] = [await guest(server.url, 'ada'), await guest(server.url, 'bob')];
  }, 300_000);
  afterAll(async () => {
    await server?.close();
    await postgres?.close();
  });

  it('every command that raises events answers with the last one', async () => {
    const { id } = await roomOf(ada);
    const hers = await listen(server.url, ada, id);
    const check = async (command: () => Promise<Answer>, ...types: EventType[]) => {
      const raised = await raisedBy(id, command);
      expect(raised).toMatchObject({ types, named: types.length - 1 });
      await hears(hers, raised.event!);
    };
    const path = `/rooms/${id}`;
    await check(() => bob.post(`${path}/join`), 'user_joined');
    await check(() => bob.upload(id, wav(60), 'one.wav'), 'track_added', 'playback_started');
    let second = '';
    await check(async () => {
      const answer = await bob.upload(id, wav(60, 300), 'two.wav');
      second = answer.body.track.id;
      return answer;
    }, 'track_added');
    const third = (await bob.upload(id, wav(60, 400), 'three.wav')).body.track.id;
    await check(() => ada.post(`/tracks/${second}/vote`), 'track_voted');
    await check(() => ada.delete(`/tracks/${second}/vote`), 'track_unvoted');
    const place = { track_id: third, queue_position: 1 };
    await check(() => ada.put(`${path}/queue`, place), 'queue_reordered');
    await check(() => ada.post(`${path}/playback/pause`), 'playback_paused');
    await check(() => ada.post(`${path}/playback/resume`), 'playback_resumed');
    await check(() => ada.post(`${path}/playback/seek`, { position: 3 }), 'playback_seeked');
    await check(() => ada.post(`${path}/playback/skip`), 'track_skipped');
    await check(() => ada.delete(`/tracks/${third}`), 'track_removed', 'track_skipped');
    await check(() => ada.post(`${path}/playback/stop`), 'playback_stopped');
    await check(() => ada.post(`${path}/playback/start`), 'playback_started');
    await check(() => ada.patch(path, { name: 'Renamed' }), 'room_state_updated');
    await check(() => ada.delete(`${path}/participants/${bob.user.id}`), 'user_left');
    hers.close();
  });

  it('a command that changes nothing answers with null and raises nothing', async () => {
    const { id } = await roomOf(ada, [bob]);
    await bob.upload(id, wav(60), 'one.wav');
    const { track } = (await bob.upload(id, wav(60, 300), 'two.wav')).body;
    const path = `/rooms/${id}`;
    await bob.post(`/tracks/${track.id}/vote`);
    await ada.put(`${path}/queue`, { track_id: track.id, queue_position: 1 });
    const commands = [
      () => bob.post(`${path}/join`),
      () => bob.post(`/tracks/${track.id}/vote`),
      () => ada.delete(`/tracks/${track.id}/vote`),
      () => ada.put(`${path}/queue`, { track_id: track.id, queue_position: 1 }),
      () => ada.patch(path, { name: 'Room', visibility: 'public', settings: { vote: 'everyone' } }),
      async () => {
        const eve = await guest(server.url, 'eve');
        return ada.delete(`${path}/participants/${eve.user.id}?ban=true`);
      },
    ];
    for (const command of commands) {
      expect(await raisedBy(id, command)).toEqual({ types: [], named: -1, event: null });
    }
  });

  it('a track that is placed where votes had put it is placed from then on, which is an event', async () => {
    const { id } = await roomOf(ada);
    await ada.upload(id, wav(60), 'one.wav');
    const { track } = (await ada.upload(id, wav(60, 300), 'two.wav')).body;
    const place = () => ada.put(`/rooms/${id}/queue`, { track_id: track.id, queue_position: 1 });
    expect(await raisedBy(id, place)).toMatchObject({ types: ['queue_reordered'], named: 0 });
  });

  it('who joins a room without an administrator is answered with the event that makes them one', async () => {
    const { id } = await roomOf(bob);
    await bob.delete(`/rooms/${id}/leave`);
    const answer = await ada.post(`/rooms/${id}/join`);
    expectAnswer(answer, 200, rest.RoomCommandAnswer);
    const { events } = (await ada.get(`/rooms/${id}/events`)).body;
    expect(events.map(({ type }: Envelope) => type)).toEqual([
      'user_left',
      'room_state_updated',
      'user_joined',
      'room_state_updated',
    ]);
    expect(answer.body.event).toEqual({ event_id: events[3].event_id, sequence: 4 });
  });

  it('an administrator who leaves is answered with user_left, the last event that they receive', async () => {
    const { id } = await roomOf(ada, [bob]);
    const hers = await listen(server.url, ada, id);
    const closed = hers.closed();
    const answer = await ada.delete(`/rooms/${id}/leave`);
    expectAnswer(answer, 200, rest.LeftAnswer);
    await closed;
    const last = hers.logged.at(-1)!;
    expect(last.type).toBe('user_left');
    expect(answer.body.event).toEqual({ event_id: last.event_id, sequence: last.metadata.sequence });
    const { events } = (await bob.get(`/rooms/${id}/events?after=${last.metadata.sequence}`)).body;
    expect(events[0].type).toBe('room_state_updated');
  });

  it('deleting a room is answered with room_deleted, the last event of the room', async () => {
    const { id } = await roomOf(ada, [bob]);
    const his = await listen(server.url, bob, id);
    const answer = await ada.delete(`/rooms/${id}`);
    expectAnswer(answer, 200, rest.RoomCommandAnswer);
    const { event_id, metadata } = await his.next('room_deleted');
    expect(answer.body.event).toEqual({ event_id, sequence: metadata.sequence });
  });
});

/** The events that a command has raised, and the one that its answer names. */
async function raisedBy(roomId: string, command: () => Promise<Answer>) {
  const { sequence } = await stateOf(ada, roomId);
  const { status, body } = await command();
  expect(status).toBeLessThan(300);
  const { events } = (await ada.get(`/rooms/${roomId}/events?after=${sequence}&limit=1000`)).body;
  const named = body.event as EventReference | null;
  return {
    types: (events as Envelope[]).map(({ type }) => type),
    named: (events as Envelope[]).findIndex(
      ({ event_id, metadata }) =>
        named !== null && event_id === named.event_id && metadata.sequence === named.sequence,
    ),
    event: named,
  };
}

/** Waits until a listener has the event that an answer names. */
const hears = (listener: Listener, { event_id, sequence }: EventReference) =>
  listener.until(
    () =>
      listener.logged.some((event) => event.event_id === event_id && event.metadata.sequence === sequence),
    'the event of the answer',
  );
