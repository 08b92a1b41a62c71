import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Envelope, type EventType, eventTypes, rest, type RoomSummary } from '../src/contract/index.js';
import { openApiDocument } from '../src/operations/openapi.js';
import { expectAnswer, expectProblem, expectValid } from './support/answers.js';
import { type Answer, guest, type Person, person, request, roomOf, stateOf } from './support/api.js';
import { fixture, wav } from './support/audio.js';
import { Listener, listen, listenToLobby } from './support/listener.js';
import { startServer, type TestServer } from './support/server.js';

const nowhere = '0192f0c1-0000-7000-8000-000000000000';

let server: TestServer;
let ada: Person;
let bob: Person;
let cyd: Person;
beforeAll(async () => {
  server = await startServer();
  [ada, bob, cyd] = [
    await guest(server.url, 'ada'),
    await guest(server.url, 'bob'),
    await guest(server.url, 'cyd'),
  ];
});
afterAll(() => server.close());

const eventsOf = async (who: Person, roomId: string): Promise<Envelope[]> =>
  (await who.get(`/rooms/${roomId}/events?limit=1000`)).body.events;
const typesOf = async (who: Person, roomId: string): Promise<EventType[]> =>
  (await eventsOf(who, roomId)).map(({ type }) => type);

describe('creating a room', () => {
  it('makes its creator the administrator and first participant', async () => {
    const answer = await ada.post('/rooms', { name: '  Friday night  ' });
    expectAnswer(answer, 201, rest.RoomCommandAnswer);
    expect(answer.body.event).toBeNull();
    expect(answer.body.room).toMatchObject({
      name: 'Friday night',
      visibility: 'public',
      administrator: ada.user,
      settings: { playback_control: 'administrator', upload: 'everyone', vote: 'everyone' },
    });
    const state = await ada.get(`/rooms/${answer.body.room.id}`);
    expectAnswer(state, 200, rest.RoomStateAnswer);
    expect(state.body.sequence).toBe(0);
    expect(state.body.room).toMatchObject({
      ...answer.body.room,
      participants: [expect.objectContaining(ada.user)],
      participant_count: 1,
      online_users: [],
      current_track: null,
      queue: [],
      playback: { status: 'stopped', track_id: null, position: 0, started_at: null },
    });
  });

  it('accepts names of 1 to 100 characters and refuses others', async () => {
    for (const name of ['x', 'x'.repeat(100), '音楽の部屋 🎶']) {
      expect((await ada.post('/rooms', { name })).body.room.name).toBe(name);
    }
    for (const name of ['', ' ', 'x'.repeat(101), 'a\tb', null, 5, { a: 1 }, undefined]) {
      expectProblem(await ada.post('/rooms', { name }), 422, 'invalid_field');
    }
  });

  it('refuses an unknown visibility and an invalid body', async () => {
    expectProblem(await ada.post('/rooms', { name: 'x', visibility: 'secret' }), 422, 'invalid_field');
    expectProblem(await ada.post('/rooms', []), 400, 'malformed');
    expectProblem(await ada.post('/rooms'), 422, 'invalid_field');
  });

  it('ignores fields that the caller may not set', async () => {
    const { room } = (
      await ada.post('/rooms', { name: 'x', id: nowhere, administrator_id: bob.user.id, sequence: 9 })
    ).body;
    expect(room.id).not.toBe(nowhere);
    expect(room.administrator).toEqual(ada.user);
    expect((await stateOf(ada, room.id)).sequence).toBe(0);
  });
});

describe('the list of rooms', () => {
  let own: TestServer;
  let ann: Person;
  let ben: Person;
  let names: string[];
  beforeAll(async () => {
    own = await startServer();
    [ann, ben] = [await guest(own.url, 'ann'), await guest(own.url, 'ben')];
    for (let i = 1; i <= 7; i += 1) await roomOf(ann, [], { name: `room ${i}` });
    await roomOf(ann, [], { name: 'hidden', visibility: 'private' });
    names = [7, 6, 5, 4, 3, 2, 1].map((i) => `room ${i}`);
  });
  afterAll(() => own.close());

  const namesOf = (rooms: RoomSummary[]) => rooms.map(({ name }) => name);

  it('has public rooms, newest first, and private ones for their participants only', async () => {
    const answer = await ben.get('/rooms');
    expectAnswer(answer, 200, rest.RoomList);
    expect(namesOf(answer.body.rooms)).toEqual(names);
    expect(answer.body).toMatchObject({ more: false, next: null });
    expect(namesOf((await ann.get('/rooms')).body.rooms)).toEqual(['hidden', ...names]);
  });

  it('has pages that contain each room once, even if a room is created meanwhile', async () => {
    const seen: string[] = [];
    let next: string | null = null;
    do {
      const { body }: Answer = await ben.get(`/rooms?limit=3${next ? `&after=${next}` : ''}`);
      expect(body.rooms.length).toBeLessThanOrEqual(3);
      expect(body.more).toBe(body.next !== null);
      seen.push(...namesOf(body.rooms));
      next = body.next;
      if (seen.length === 3) await roomOf(ann, [], { name: 'late' });
    } while (next !== null);
    expect(seen).toEqual(names);
    expect(namesOf((await ben.get('/rooms?limit=1')).body.rooms)).toEqual(['late']);
  });

  it('has the numbers of participants and of online users', async () => {
    const room = await roomOf(ann, [ben], { name: 'busy' });
    const listener = await listen(own.url, ben, room.id);
    const [first] = (await ann.get('/rooms?limit=1')).body.rooms;
    expect(first).toMatchObject({ name: 'busy', participant_count: 2, online_count: 1 });
    listener.close();
  });

  it.each(['limit=0', 'limit=101', 'limit=x', 'limit=1.5', 'limit=', 'after=x', 'limit=1&limit=2'])(
    'refuses ?%s',
    async (query) => {
      expectProblem(await ben.get(`/rooms?${query}`), 422, 'invalid_field');
    },
  );
});

describe('changing a room', () => {
  it('changes its state and raises room_state_updated', async () => {
    const room = await roomOf(ada, [bob]);
    const listener = await listen(server.url, bob, room.id);
    const answer = await ada.patch(`/rooms/${room.id}`, {
      name: 'Renamed',
      visibility: 'private',
      settings: { playback_control: 'everyone', vote: 'administrator' },
    });
    expectAnswer(answer, 200, rest.RoomCommandAnswer);
    expect(answer.body.room).toEqual({
      ...room,
      name: 'Renamed',
      visibility: 'private',
      settings: { ...room.settings, playback_control: 'everyone', vote: 'administrator' },
    });
    const event = await listener.next('room_state_updated');
    expect(event.data.room).toEqual(answer.body.room);
    expect((await stateOf(bob, room.id)).room).toMatchObject(answer.body.room);
    listener.close();
  });

  it('keeps the fields that are not given', async () => {
    const room = await roomOf(ada, [], { visibility: 'private' });
    const { body } = await ada.patch(`/rooms/${room.id}`, {
      settings: { upload: 'administrator' },
      name: null,
    });
    expect(body.room).toEqual({ ...room, settings: { ...room.settings, upload: 'administrator' } });
  });

  it('is refused if a field is invalid or nothing is given', async () => {
    const room = await roomOf(ada);
    const wrong = [
      {},
      { settings: {} },
      { settings: { upload: null } },
      { name: '' },
      { visibility: 'secret' },
      { settings: { vote: 'nobody' } },
      { settings: [] },
      { settings: 'everyone' },
      { administrator: bob.user.id },
    ];
    for (const body of wrong) {
      const answer = await ada.patch(`/rooms/${room.id}`, body);
      expect({ body, status: answer.status }).toEqual({ body, status: 422 });
    }
    expect((await stateOf(ada, room.id)).room).toMatchObject(room);
  });

  it('is allowed to the administrator only, like deleting, inviting, removing and lifting bans', async () => {
    const room = await roomOf(ada, [bob, cyd]);
    const path = `/rooms/${room.id}`;
    for (const answer of [
      await bob.patch(path, { name: 'Mine' }),
      await bob.delete(path),
      await bob.post(`${path}/invites`),
      await bob.delete(`${path}/participants/${cyd.user.id}`),
      await bob.delete(`${path}/bans/${cyd.user.id}`),
    ]) {
      expectProblem(answer, 403, 'not_administrator');
    }
    expect((await stateOf(bob, room.id)).room).toMatchObject({ ...room, participant_count: 3 });
  });
});

describe('joining and leaving', () => {
  it('raises user_joined and user_left once, even if requested repeatedly', async () => {
    const room = await roomOf(ada);
    const listener = await listen(server.url, ada, room.id);
    const joins = await Promise.all([1, 2, 3].map(() => bob.post(`/rooms/${room.id}/join`)));
    for (const answer of joins) {
      expectAnswer(answer, 200, rest.RoomCommandAnswer);
      expect(answer.body.room).toEqual(room);
    }
    expect((await bob.post(`/rooms/${room.id}/join`, {})).status).toBe(200);
    const answer = await bob.delete(`/rooms/${room.id}/leave`);
    expectAnswer(answer, 200, rest.LeftAnswer);
    expectProblem(await bob.delete(`/rooms/${room.id}/leave`), 403, 'not_a_participant');
    await listener.next('user_left');
    expect(
      listener.logged.map(({ type, data }) => [type, 'participant_count' in data && data.participant_count]),
    ).toEqual([
      ['user_joined', 2],
      ['user_left', 1],
    ]);
    expect(listener.ofType('user_left')[0]!.data).toMatchObject({ user: bob.user, reason: 'left' });
    listener.close();
  });

  it('closes the connections of a user who leaves', async () => {
    const room = await roomOf(ada, [bob]);
    const listeners = [await listen(server.url, bob, room.id), await listen(server.url, bob, room.id)];
    const closed = listeners.map((listener) => listener.closed());
    await bob.delete(`/rooms/${room.id}/leave`);
    await Promise.all(closed);
    for (const listener of listeners) expect(listener.logged.at(-1)?.type).toBe('user_left');
  });

  it('makes the participant who joined first the administrator when the administrator leaves', async () => {
    const room = await roomOf(ada, [cyd, bob]);
    const listener = await listen(server.url, bob, room.id);
    await ada.delete(`/rooms/${room.id}/leave`);
    expect((await listener.next('room_state_updated')).data.room.administrator).toEqual(cyd.user);
    expect((await stateOf(bob, room.id)).room.administrator).toEqual(cyd.user);
    expect((await cyd.patch(`/rooms/${room.id}`, { name: "Cyd's" })).status).toBe(200);
    await ada.post(`/rooms/${room.id}/join`);
    expectProblem(await ada.patch(`/rooms/${room.id}`, { name: 'Mine again' }), 403, 'not_administrator');
    listener.close();
  });

  it('leaves an empty room without an administrator; the next user to join becomes the administrator', async () => {
    const room = await roomOf(ada);
    await ada.delete(`/rooms/${room.id}/leave`);
    const listed = (await bob.get('/rooms?limit=1')).body.rooms[0];
    expect(listed).toMatchObject({ id: room.id, administrator: null, participant_count: 0 });
    const { body } = await bob.post(`/rooms/${room.id}/join`);
    expect(body.room.administrator).toEqual(bob.user);
    expect((await stateOf(bob, room.id)).room.participants).toEqual([expect.objectContaining(bob.user)]);
  });

  it('is refused for an unknown room and a malformed id', async () => {
    for (const answer of [
      await ada.post(`/rooms/${nowhere}/join`),
      await ada.delete(`/rooms/${nowhere}/leave`),
      await ada.get(`/rooms/${nowhere}`),
      await ada.patch(`/rooms/${nowhere}`, { name: 'x' }),
      await ada.delete(`/rooms/${nowhere}`),
      await ada.get(`/rooms/${nowhere}/events`),
      await ada.post(`/rooms/${nowhere}/invites`),
    ]) {
      expectProblem(answer, 404, 'room_not_found');
    }
    expectProblem(await ada.post('/rooms/not-an-id/join'), 400, 'malformed');
    expectProblem(await ada.get("/rooms/'%20or%201=1"), 400, 'malformed');
    expectProblem(await ada.post(`/rooms/${(await roomOf(ada)).id}/join`, []), 400, 'malformed');
  });

  it('accepts a room id in upper case', async () => {
    const room = await roomOf(ada);
    expect((await bob.post(`/rooms/${room.id.toUpperCase()}/join`)).body.room).toEqual(room);
  });
});

describe('a private room', () => {
  it('can be joined only with an invite to it', async () => {
    const room = await roomOf(ada, [], { visibility: 'private' });
    const other = await roomOf(ada, [], { visibility: 'private' });
    const join = (who: Person, body?: object) => who.post(`/rooms/${room.id}/join`, body);
    expectProblem(await join(bob), 404, 'room_not_found');
    expectProblem(await join(bob, { invite: 'made up' }), 404, 'room_not_found');
    expectProblem(await join(bob, { invite: 7 }), 422, 'invalid_field');
    const elsewhere = (await ada.post(`/rooms/${other.id}/invites`)).body.invite;
    expectProblem(await join(bob, { invite: elsewhere }), 404, 'room_not_found');

    const invited = await ada.post(`/rooms/${room.id}/invites`);
    expectAnswer(invited, 201, rest.InviteAnswer);
    expect(invited.body.expires_at).toBeGreaterThan(Date.now() / 1000 + 86_400);
    for (const who of [bob, cyd]) {
      expectAnswer(await join(who, { invite: invited.body.invite }), 200, rest.RoomCommandAnswer);
    }
    // A participant needs no invite to join again.
    expect((await join(bob)).status).toBe(200);
  });

  it('raises no lobby event when it is created or deleted', async () => {
    const lobby = await listenToLobby(server.url, bob);
    const hidden = await roomOf(ada, [], { visibility: 'private' });
    await ada.delete(`/rooms/${hidden.id}`);
    const shown = await roomOf(ada);
    await ada.delete(`/rooms/${shown.id}`);
    await lobby.next('room_deleted');
    expect(lobby.events.map(({ type, data }) => [type, data.room_id])).toEqual([
      ['room_created', shown.id],
      ['room_deleted', shown.id],
    ]);
    lobby.close();
  });
});

describe('removing a user', () => {
  it("raises user_left, closes the user's connections, and allows them to join again", async () => {
    const room = await roomOf(ada, [bob]);
    const hers = await listen(server.url, ada, room.id);
    const his = await listen(server.url, bob, room.id);
    const closed = his.closed();
    const answer = await ada.delete(`/rooms/${room.id}/participants/${bob.user.id}`);
    expectAnswer(answer, 200, rest.RemovedAnswer);
    expect(answer.body.user).toEqual(bob.user);
    await closed;
    for (const listener of [hers, his]) {
      const event = await listener.next('user_left');
      expect(event.data).toMatchObject({ user: bob.user, reason: 'kicked', participant_count: 1 });
    }
    expectProblem(await bob.get(`/rooms/${room.id}`), 403, 'not_a_participant');
    expect(await new Listener(server.url, `/rooms/${room.id}`, bob.token).refused()).toMatchObject({
      code: 'not_a_participant',
    });
    expect((await bob.post(`/rooms/${room.id}/join`)).status).toBe(200);
    hers.close();
  });

  it('with a ban prevents joining, even with an invite, until the ban is lifted', async () => {
    const room = await roomOf(ada, [bob], { name: 'Guarded' });
    const listener = await listen(server.url, ada, room.id);
    await ada.delete(`/rooms/${room.id}/participants/${bob.user.id}?ban=true`);
    expect((await listener.next('user_left')).data.reason).toBe('banned');
    const { invite } = (await ada.post(`/rooms/${room.id}/invites`)).body;
    expectProblem(await bob.post(`/rooms/${room.id}/join`), 403, 'banned');
    expectProblem(await bob.post(`/rooms/${room.id}/join`, { invite }), 403, 'banned');
    const lifted = await ada.delete(`/rooms/${room.id}/bans/${bob.user.id}`);
    expectAnswer(lifted, 200, rest.UserAnswer);
    expect(lifted.body.user).toEqual(bob.user);
    expectProblem(await ada.delete(`/rooms/${room.id}/bans/${bob.user.id}`), 404, 'user_not_found');
    expect((await bob.post(`/rooms/${room.id}/join`)).status).toBe(200);
    listener.close();
  });

  it('with a ban also applies to a user who has left, without an event; unknown users are refused', async () => {
    const room = await roomOf(ada, [bob]);
    const listener = await listen(server.url, ada, room.id);
    await bob.delete(`/rooms/${room.id}/leave`);
    await listener.next('user_left');
    const ban = (id: string) => ada.delete(`/rooms/${room.id}/participants/${id}?ban=true`);
    const { sequence } = await stateOf(ada, room.id);
    for (let time = 0; time < 2; time += 1) {
      const banned = await ban(bob.user.id);
      expectAnswer(banned, 200, rest.RemovedAnswer);
      expect(banned.body.user).toEqual(bob.user);
    }
    // They had left already: no further event.
    expect((await stateOf(ada, room.id)).sequence).toBe(sequence);
    expectProblem(await bob.post(`/rooms/${room.id}/join`), 403, 'banned');
    expectProblem(await ban(room.id), 404, 'user_not_found');
    listener.close();
  });

  it('is refused for oneself, for a user who is not a participant, and for an invalid ban parameter', async () => {
    const room = await roomOf(ada, [bob]);
    const remove = (id: string) => ada.delete(`/rooms/${room.id}/participants/${id}`);
    expectProblem(await remove(ada.user.id), 409, 'cannot_remove_self');
    expectProblem(await remove(cyd.user.id), 404, 'user_not_found');
    expectProblem(await remove('nobody'), 400, 'malformed');
    expectProblem(await remove(`${bob.user.id}?ban=perhaps`), 422, 'invalid_field');
    expect((await stateOf(ada, room.id)).room.participant_count).toBe(2);
  });
});

describe('deleting a room', () => {
  it('raises room_deleted as the last event, closes the connections, and deletes the log and the tracks', async () => {
    const room = await roomOf(ada, [bob]);
    const { track } = (await bob.upload(room.id, wav(30), 'song.wav')).body;
    const listeners = [await listen(server.url, ada, room.id), await listen(server.url, bob, room.id)];
    const closed = listeners.map((listener) => listener.closed());
    const answer = await ada.delete(`/rooms/${room.id}`);
    expectAnswer(answer, 200, rest.RoomCommandAnswer);
    expect(answer.body.room).toEqual(room);
    await Promise.all(closed);
    for (const listener of listeners) {
      expect(listener.logged.at(-1)).toMatchObject({ type: 'room_deleted', data: { user: ada.user, room } });
    }
    for (const gone of [
      await ada.get(`/rooms/${room.id}`),
      await ada.get(`/rooms/${room.id}/events`),
      await bob.post(`/rooms/${room.id}/join`),
      await ada.delete(`/rooms/${room.id}`),
    ]) {
      expectProblem(gone, 404, 'room_not_found');
    }
    expectProblem(await bob.get(`/tracks/${track.id}/metadata`), 404, 'track_not_found');
    expect(await new Listener(server.url, `/rooms/${room.id}`, ada.token).refused()).toMatchObject({
      code: 'room_not_found',
    });
  });
});

describe("a room's log", () => {
  it('has every change in order, in pages', async () => {
    const room = await roomOf(ada, [bob, cyd]);
    await bob.upload(room.id, wav(30), 'song.wav');
    await ada.post(`/rooms/${room.id}/playback/pause`);
    const whole = await bob.get(`/rooms/${room.id}/events`);
    expectAnswer(whole, 200, rest.EventsPage);
    expect(whole.body).toMatchObject({ sequence: 5, more: false });
    expect(whole.body.events.map(({ type }: Envelope) => type)).toEqual([
      'user_joined',
      'user_joined',
      'track_added',
      'playback_started',
      'playback_paused',
    ]);
    expect(whole.body.events.map(({ metadata }: Envelope) => metadata.sequence)).toEqual([1, 2, 3, 4, 5]);

    const page = await bob.get(`/rooms/${room.id}/events?after=1&limit=2`);
    expect(page.body).toMatchObject({ sequence: 5, more: true });
    const ids = (events: Envelope[]) => events.map(({ event_id }) => event_id);
    expect(ids(page.body.events)).toEqual(ids(whole.body.events.slice(1, 3)));
    expect((await bob.get(`/rooms/${room.id}/events?after=5`)).body).toEqual({
      events: [],
      sequence: 5,
      more: false,
      epoch: whole.body.epoch,
    });
    for (const query of ['after=-1', 'after=x', 'limit=0', 'limit=1001', 'after=1.5']) {
      expectProblem(await bob.get(`/rooms/${room.id}/events?${query}`), 422, 'invalid_field');
    }
  });

  it('is answered with history_gone if events were pruned', async () => {
    const small = await startServer({ EVENT_RETENTION: '10' });
    try {
      const ann = await guest(small.url, 'ann');
      const room = await roomOf(ann);
      const { track } = (await ann.upload(room.id, wav(30), 'song.wav')).body;
      for (let i = 0; i < 40; i += 1) {
        await ann.post(`/tracks/${track.id}/vote`);
        await ann.delete(`/tracks/${track.id}/vote`);
      }
      const { sequence } = await stateOf(ann, room.id);
      const answer = await ann.get(`/rooms/${room.id}/events?after=1`);
      expectProblem(answer, 410, 'history_gone');
      const oldest = answer.body.error.details.oldest_sequence;
      expect(oldest).toBeGreaterThan(2);
      expect(oldest).toBeLessThanOrEqual(sequence - 9);
      const kept = await ann.get(`/rooms/${room.id}/events?after=${oldest - 1}&limit=1000`);
      expectAnswer(kept, 200, rest.EventsPage);
      expect(kept.body.events).toHaveLength(sequence - oldest + 1);
    } finally {
      await small.close();
    }
  });
});

describe('a user who is not a participant', () => {
  const name = 'Zxqv-Chamber';
  const title = 'Kwpj-Melody';
  const valid: Record<string, object> = {
    'PATCH /api/rooms/{id}': { name: 'x' },
    'PUT /api/rooms/{id}/queue': { track_id: nowhere, queue_position: 1 },
    'POST /api/rooms/{id}/playback/seek': { position: 1 },
  };

  it.each(['never were', 'have left', 'were banned'])(
    'is refused on every route, without any data of the room (users who %s)',
    async (past) => {
      const owner = await guest(server.url, 'Hjkw-Owner');
      const outsider = await guest(server.url, 'outsider');
      const room = await roomOf(owner, [outsider], { name });
      const { track } = (await outsider.upload(room.id, wav(30), `${title}.wav`)).body;
      const [event] = await eventsOf(owner, room.id);
      if (past === 'were banned') {
        await owner.delete(`/rooms/${room.id}/participants/${outsider.user.id}?ban=true`);
      } else await outsider.delete(`/rooms/${room.id}/leave`);
      const who = past === 'never were' ? await guest(server.url, 'stranger') : outsider;
      const before = await stateOf(owner, room.id);

      const { paths } = openApiDocument(server.app);
      const routes = Object.entries(paths)
        // The preview of a public room is for everyone.
        .filter(([path]) => /^\/api\/(rooms|tracks)\/\{/.test(path) && !/\/(join|preview)$/.test(path))
        .flatMap(([path, item]) =>
          Object.keys(item).map((method) => ({ method: method.toUpperCase(), path })),
        );
      expect(routes.length).toBeGreaterThanOrEqual(24);
      for (const { method, path } of routes) {
        const key = `${method} ${path}`;
        const filled = path
          .replace('/api', '')
          .replace('rooms/{id}', `rooms/${room.id}`)
          .replace('tracks/{id}', `tracks/${track.id}`)
          .replace('{user_id}', owner.user.id)
          .replace('{event_id}', event!.event_id);
        const answer =
          key === 'POST /api/rooms/{id}/tracks'
            ? await who.upload(room.id, wav(1), 'mine.wav')
            : await request(server.url, method, filled, {
                headers: { authorization: `Bearer ${who.token}`, 'content-type': 'application/json' },
                ...(method === 'GET' ? {} : { body: JSON.stringify(valid[key] ?? {}) }),
              });
        expect({ key, status: answer.status }).toEqual({ key, status: 403 });
        expectProblem(answer, 403, 'not_a_participant');
        const text = JSON.stringify([answer.body, ...answer.headers]);
        for (const told of [name, title, owner.user.username, owner.user.id]) {
          expect(text).not.toContain(told);
        }
      }
      expect(await stateOf(owner, room.id)).toEqual({ ...before, room: expect.objectContaining({ name }) });
      expect((await stateOf(owner, room.id)).sequence).toBe(before.sequence);
    },
  );
});

describe('a change by REST', () => {
  it('raises its events: listeners receive each type at least once, valid by the catalogue', async () => {
    const dee = await guest(server.url, 'dee');
    const lobby = await listenToLobby(server.url, dee);
    const room = await roomOf(ada);
    const hers = await listen(server.url, ada, room.id);
    await bob.post(`/rooms/${room.id}/join`);
    const his = await listen(server.url, bob, room.id);
    const play = (command: string, body?: object) => ada.post(`/rooms/${room.id}/playback/${command}`, body);

    await bob.upload(room.id, fixture('tagged.mp3'), 'one.mp3');
    const second = (await bob.upload(room.id, wav(30, 500), 'two.wav')).body.track;
    const third = (await bob.upload(room.id, wav(30, 600), 'three.wav')).body.track;
    await ada.post(`/tracks/${third.id}/vote`);
    await ada.delete(`/tracks/${third.id}/vote`);
    await ada.put(`/rooms/${room.id}/queue`, { track_id: third.id, queue_position: 1 });
    await play('pause');
    await play('resume');
    await play('seek', { position: 1 });
    await play('stop');
    await play('start');
    await play('skip');
    await bob.delete(`/tracks/${second.id}`);
    await ada.patch(`/rooms/${room.id}`, { name: 'Renamed' });
    const eve = await guest(server.url, 'eve');
    await eve.post(`/rooms/${room.id}/join`);
    await eve.post('/auth/register', { username: 'Eve of all types', password: 'correct horse' });
    await hers.next('user_updated');
    his.close();
    await hers.next('user_disconnected_websocket');
    await bob.delete(`/rooms/${room.id}/leave`);
    await hers.next('user_left');
    const closed = hers.closed();
    await ada.delete(`/rooms/${room.id}`);
    await closed;
    await lobby.next('room_deleted', ({ data }) => data.room_id === room.id);
    await dee.post('/auth/logout');
    await lobby.next('error');

    const all = [...hers.events, ...his.events, ...lobby.events];
    expectValid(all);
    const seen = new Set(all.map(({ type }) => type));
    // Requests cause none of these: they are about clients' reports, messages, and the server's status.
    expect(eventTypes.filter((type) => !seen.has(type))).toEqual([
      'listeners_updated',
      'skip_voted',
      'reaction_sent',
      'server_status',
    ]);
    expect(hers.sequences).toEqual(hers.sequences.map((_, index) => hers.sequences[0]! + index));
  });

  it('raises no event if it is refused', async () => {
    const room = await roomOf(ada, [bob]);
    const before = await typesOf(ada, room.id);
    await bob.patch(`/rooms/${room.id}`, { name: 'Mine' });
    await bob.upload(room.id, Buffer.from('no audio'), 'song.mp3');
    await ada.post(`/rooms/${room.id}/playback/start`);
    await ada.delete(`/rooms/${room.id}/participants/${cyd.user.id}`);
    expect(await typesOf(ada, room.id)).toEqual(before);
  });

  it("of a guest's name, by registering, is visible in the state of their rooms", async () => {
    const eve = await guest(server.url, 'eve the guest');
    const room = await roomOf(eve, [bob]);
    const { body } = await eve.post('/auth/register', { username: 'Eve', password: 'correct horse' });
    const registered = person(server.url, body.token, body.user);
    expect((await stateOf(bob, room.id)).room.administrator).toEqual(registered.user);
  });
});
