import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rest, type Room } from '../src/contract/index.js';
import { Database } from '../src/database/database.js';
import { openApiDocument } from '../src/operations/openapi.js';
import { expectAnswer, expectProblem } from './support/answers.js';
import { type Answer, guest, type Person, request, roomOf } from './support/api.js';
import { wav } from './support/audio.js';
import { Listener } from './support/listener.js';
import { type Postgres, startPostgres } from './support/postgres.js';
import { startServer, type TestServer } from './support/server.js';

const nowhere = '0192f0c1-0000-7000-8000-000000000000';
const day = 24 * 3600;

describe.each(['SQLite', 'PostgreSQL'])('invites, on %s', (kind) => {
  let postgres: Postgres | undefined;
  let server: TestServer;
  let ada: Person;
  let bob: Person;
  let room: Room;
  beforeAll(async () => {
    postgres = kind === 'PostgreSQL' ? await startPostgres() : undefined;
    server = await startServer(postgres ? { DATABASE_URL: await postgres.database() } : {});
    [ada, bob] = [await guest(server.url, 'ada'), await guest(server.url, 'bob')];
    room = await roomOf(ada, [], { visibility: 'private' });
  }, 300_000);
  afterAll(async () => {
    await server?.close();
    await postgres?.close();
  });

  const invite = async (options?: object, roomId = room.id): Promise<string> =>
    (await ada.post(`/rooms/${roomId}/invites`, options)).body.invite;
  const join = (who: Person, code?: string, roomId = room.id): Promise<Answer> =>
    who.post(`/rooms/${roomId}/join`, code === undefined ? undefined : { invite: code });
  const stranger = () => guest(server.url, 'stranger');

  it('have an expiry and a maximum number of uses, within bounds', async () => {
    const now = Date.now() / 1000;
    const plain = await ada.post(`/rooms/${room.id}/invites`);
    expectAnswer(plain, 201, rest.InviteAnswer);
    expect(plain.body).toMatchObject({ max_uses: null, uses: 0 });
    expect(plain.body.expires_at - plain.body.created_at).toBeCloseTo(7 * day, 3);
    expect(Math.abs(plain.body.created_at - now)).toBeLessThan(60);
    const chosen = await ada.post(`/rooms/${room.id}/invites`, { max_uses: 3, expires_in: 3600 });
    expectAnswer(chosen, 201, rest.InviteAnswer);
    expect(chosen.body).toMatchObject({ max_uses: 3, uses: 0 });
    expect(chosen.body.expires_at - chosen.body.created_at).toBeCloseTo(3600, 3);
    for (const wrong of [
      { max_uses: 0 },
      { max_uses: 10_001 },
      { max_uses: 1.5 },
      { max_uses: '3' },
      { expires_in: 59 },
      { expires_in: 30 * day + 1 },
      { expires_in: 'soon' },
    ]) {
      expectProblem(await ada.post(`/rooms/${room.id}/invites`, wrong), 422, 'invalid_field');
    }
  });

  it('are listed while they are active, newest first, with their uses', async () => {
    const other = await roomOf(ada, [], { visibility: 'private' });
    const [first, once, last] = [
      await invite({}, other.id),
      await invite({ max_uses: 1 }, other.id),
      await invite({ max_uses: 2 }, other.id),
    ];
    await join(await stranger(), once, other.id);
    await join(await stranger(), last, other.id);
    const { db } = server.app.get(Database);
    await db.updateTable('invites').set({ expires_at: 1 }).where('code', '=', first).execute();
    const answer = await ada.get(`/rooms/${other.id}/invites`);
    expectAnswer(answer, 200, rest.InviteList);
    expect(answer.body.invites).toEqual([expect.objectContaining({ invite: last, max_uses: 2, uses: 1 })]);
  });

  it('cannot be used once they are revoked; users who joined stay participants', async () => {
    const code = await invite();
    const [early, late] = [await stranger(), await stranger()];
    expect((await join(early, code)).status).toBe(200);
    const revoked = await ada.delete(`/rooms/${room.id}/invites/${code}`);
    expectAnswer(revoked, 200, rest.InviteAnswer);
    expect(revoked.body).toMatchObject({ invite: code, uses: 1 });
    expectProblem(await join(late, code), 404, 'room_not_found');
    expect((await early.get(`/rooms/${room.id}`)).status).toBe(200);
    const listed: { invite: string }[] = (await ada.get(`/rooms/${room.id}/invites`)).body.invites;
    expect(listed.map(({ invite }) => invite)).not.toContain(code);
    expectProblem(await ada.delete(`/rooms/${room.id}/invites/${code}`), 404, 'invite_not_found');
  });

  it('are revoked only in their own room; unknown codes are answered with invite_not_found', async () => {
    const other = await roomOf(ada, [], { visibility: 'private' });
    const code = await invite();
    for (const wrong of [code.toUpperCase(), 'x', '%00', 'a%20b', '..%2f', nowhere, 'x'.repeat(3000)]) {
      expectProblem(await ada.delete(`/rooms/${room.id}/invites/${wrong}`), 404, 'invite_not_found');
    }
    expectProblem(await ada.delete(`/rooms/${other.id}/invites/${code}`), 404, 'invite_not_found');
    expect((await join(await stranger(), code)).status).toBe(200);
  });

  it('admit max_uses users, also if more join at the same time', async () => {
    const code = await invite({ max_uses: 3 });
    const crowd = await Promise.all(Array.from({ length: 10 }, stranger));
    const answers = await Promise.all(crowd.map((who) => join(who, code)));
    expect(answers.map(({ status }) => status).sort()).toEqual([
      200,
      200,
      200,
      ...Array<number>(7).fill(404),
    ]);
    for (const answer of answers.filter(({ status }) => status === 404)) {
      expectProblem(answer, 404, 'room_not_found');
    }
    const inside = crowd[answers.findIndex(({ status }) => status === 200)]!;
    expect((await join(inside, code)).status).toBe(200);
  });

  it('are not used up by participants or by banned users', async () => {
    const code = await invite({ max_uses: 1 });
    expect((await join(ada, code)).status).toBe(200);
    const banned = await stranger();
    await ada.delete(`/rooms/${room.id}/participants/${banned.user.id}?ban=true`);
    expectProblem(await join(banned, code), 403, 'banned');
    expectProblem(await join(banned), 404, 'room_not_found');
    expect((await join(await stranger(), code)).status).toBe(200);
  });

  it('are limited to 100 active ones per room; revoked and expired ones do not count', async () => {
    const crowded = await roomOf(ada, [], { visibility: 'private' });
    const made = await Promise.all(
      Array.from({ length: 110 }, () => ada.post(`/rooms/${crowded.id}/invites`)),
    );
    const refused = made.filter(({ status }) => status !== 201);
    expect(refused).toHaveLength(10);
    for (const answer of refused) expectProblem(answer, 409, 'too_many_invites');
    const { invites } = (await ada.get(`/rooms/${crowded.id}/invites`)).body;
    expect(invites).toHaveLength(100);
    await ada.delete(`/rooms/${crowded.id}/invites/${invites[0].invite}`);
    expect((await ada.post(`/rooms/${crowded.id}/invites`)).status).toBe(201);
    expectProblem(await ada.post(`/rooms/${crowded.id}/invites`), 409, 'too_many_invites');
    const { db } = server.app.get(Database);
    await db.updateTable('invites').set({ expires_at: 1 }).where('code', '=', invites[1].invite).execute();
    expect((await ada.post(`/rooms/${crowded.id}/invites`)).status).toBe(201);
    await ada.delete(`/rooms/${crowded.id}`);
    const left = await db.selectFrom('invites').select('code').where('room_id', '=', crowded.id).execute();
    expect(left).toEqual([]);
  });

  it('are created, listed and revoked by the administrator only', async () => {
    const shared = await roomOf(ada, [bob]);
    const code = await invite({}, shared.id);
    for (const answer of [
      await bob.post(`/rooms/${shared.id}/invites`),
      await bob.get(`/rooms/${shared.id}/invites`),
      await bob.delete(`/rooms/${shared.id}/invites/${code}`),
    ]) {
      expectProblem(answer, 403, 'not_administrator');
    }
    // A public room ignores them.
    expect((await join(await stranger(), 'made up', shared.id)).status).toBe(200);
  });
});

describe('a private room', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.close());

  it.each(['never were in it', 'were removed', 'were banned'])(
    'is answered like an unknown id for users who %s: on every route, for its tracks and for sockets',
    async (past) => {
      const owner = await guest(server.url, 'Hjkw-Owner');
      const who = await guest(server.url, 'outsider');
      const room = await roomOf(owner, [who]);
      const { track } = (await owner.upload(room.id, wav(30), 'song.wav')).body;
      const [event] = (await owner.get(`/rooms/${room.id}/events`)).body.events;
      await owner.delete(
        `/rooms/${room.id}/participants/${who.user.id}${past === 'were banned' ? '?ban=true' : ''}`,
      );
      await owner.patch(`/rooms/${room.id}`, { visibility: 'private' });
      const outsider = past === 'never were in it' ? await guest(server.url, 'stranger') : who;

      const valid: Record<string, object> = {
        'PATCH /api/rooms/{id}': { name: 'x' },
        'PUT /api/rooms/{id}/queue': { track_id: nowhere, queue_position: 1 },
        'POST /api/rooms/{id}/playback/seek': { position: 1 },
        'POST /api/rooms/{id}/join': { invite: 'a'.repeat(22) },
      };
      const { paths } = openApiDocument(server.app);
      const routes = Object.entries(paths)
        .filter(([path]) => /^\/api\/(rooms|tracks)\/\{/.test(path))
        .flatMap(([path, item]) =>
          Object.keys(item).map((method) => ({ method: method.toUpperCase(), path })),
        );
      expect(routes.length).toBeGreaterThanOrEqual(26);
      for (const { method, path } of routes) {
        const key = `${method} ${path}`;
        const ask = (roomId: string, trackId: string, body: object): Promise<Answer> => {
          const filled = path
            .replace('/api', '')
            .replace('rooms/{id}', `rooms/${roomId}`)
            .replace('tracks/{id}', `tracks/${trackId}`)
            .replace('{user_id}', owner.user.id)
            .replace('{invite}', 'a'.repeat(22))
            .replace('{event_id}', event!.event_id);
          if (key === 'POST /api/rooms/{id}/tracks') return outsider.upload(roomId, wav(1), 'mine.wav');
          return request(server.url, method, filled, {
            headers: { authorization: `Bearer ${outsider.token}`, 'content-type': 'application/json' },
            ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
          });
        };
        const code = path.startsWith('/api/tracks') ? 'track_not_found' : 'room_not_found';
        // Whether the body is valid or not, as far as the route has one.
        for (const body of [valid[key] ?? {}, { name: 7, invite: 7, max_uses: 0, position: 'x' }]) {
          const [hidden, missing] = [await ask(room.id, track.id, body), await ask(nowhere, nowhere, body)];
          expect({ key, status: hidden.status, body: hidden.body }).toEqual({
            key,
            status: missing.status,
            body: missing.body,
          });
          if (body === valid[key] || valid[key] === undefined) {
            if (missing.status !== 422) expectProblem(hidden, 404, code);
          }
        }
      }
      const refusals = await Promise.all(
        [room.id, nowhere, 'no-id'].map((id) =>
          new Listener(server.url, `/rooms/${id}`, outsider.token).refused(),
        ),
      );
      expect(refusals[0]).toMatchObject({ code: 'room_not_found' });
      expect(new Set(refusals.map((refusal) => JSON.stringify(refusal))).size).toBe(1);
      const media = (await outsider.post('/auth/media-token')).body.media_token;
      for (const what of ['stream', 'cover', 'metadata']) {
        const answer = await request(server.url, 'GET', `/tracks/${track.id}/${what}?media_token=${media}`);
        expectProblem(answer, 404, 'track_not_found');
      }
      // A track of it is not found in another room either.
      const own = await roomOf(outsider);
      for (const id of [track.id, nowhere]) {
        const placed = await outsider.put(`/rooms/${own.id}/queue`, { track_id: id, queue_position: 1 });
        const started = await outsider.post(`/rooms/${own.id}/playback/start`, { track_id: id });
        for (const { status, body } of [placed, started]) {
          expect([status, body.error]).toEqual([
            404,
            { code: 'track_not_found', message: 'There is no such track.' },
          ]);
        }
      }
    },
    60_000,
  );
});
