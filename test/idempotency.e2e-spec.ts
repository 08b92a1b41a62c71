import { request as httpRequest } from 'node:http';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Database } from '../src/database/database.js';
import {
  IdempotencyStore,
  keptSeconds,
  maxKeptAnswers,
  maxKeptBytes,
} from '../src/idempotency/idempotency-store.js';
import { openApiDocument } from '../src/operations/openapi.js';
import { expectProblem } from './support/answers.js';
import { type Answer, guest, type Person, person, request, roomOf, stateOf } from './support/api.js';
import { wav } from './support/audio.js';
import { describeOnEachDatabase } from './support/each-database.js';
import { eventually, listen } from './support/listener.js';
import { startServer } from './support/server.js';

const keyHeader = 'idempotency-key';
let keys = 0;
const newKey = (): string => `key-${++keys}`;

describeOnEachDatabase((on) => {
  let url: string;
  let ada: Person;
  let bob: Person;
  let roomId: string;
  let path: string;
  beforeEach(async () => {
    ({ url } = on.server());
    [ada, bob] = [await guest(url, 'ada'), await guest(url, 'bob')];
    roomId = (await roomOf(ada, [bob])).id;
    path = `/rooms/${roomId}`;
  });

  const withKey = (who: Person, key: string, to = url): Person =>
    person(to, who.token, who.user, { [keyHeader]: key });
  const sequenceOf = async (who: Person = ada): Promise<number> => (await stateOf(who, roomId)).sequence;
  const rows = (who: Person) =>
    on
      .server()
      .app.get(Database)
      .db.selectFrom('idempotency_keys')
      .selectAll()
      .where('user_id', '=', who.user.id)
      .execute();
  /** Makes the answers of a user older. */
  const age = (who: Person, seconds: number) =>
    on
      .server()
      .app.get(Database)
      .db.updateTable('idempotency_keys')
      .set((of) => ({ created_at: of('created_at', '-', seconds) }))
      .where('user_id', '=', who.user.id)
      .execute();
  const store = () => on.server().app.get(IdempotencyStore, { strict: false });

  /** Runs a command twice with one key. @returns the answer, which both times was the same */
  async function twice(who: Person, command: (who: Person) => Promise<Answer>, watcher = ada): Promise<any> {
    const keyed = withKey(who, newKey());
    const first = await command(keyed);
    expect({ status: first.status, body: first.body }).toMatchObject({ status: expect.any(Number) });
    expect([200, 201]).toContain(first.status);
    const state = (await watcher.get(path)).body;
    const second = await command(keyed);
    expect({ status: second.status, body: second.body }).toEqual({ status: first.status, body: first.body });
    const { playback: _, ...room } = (await watcher.get(path)).body.room ?? {};
    expect((await watcher.get(path)).body.sequence).toBe(state.sequence);
    if (state.room) expect(state.room).toMatchObject(room);
    return first.body;
  }

  describe('the same request with the same key', () => {
    it('gets the same answer and changes nothing, whatever the command', async () => {
      const eve = await guest(url, 'eve');
      const made = await twice(ada, (who) => who.post('/rooms', { name: 'Made once' }));
      expect(made.event).toBeNull();
      const { rooms } = (await eve.get('/rooms')).body;
      expect(rooms.filter(({ name }: { name: string }) => name === 'Made once')).toMatchObject([
        { id: made.room.id },
      ]);
      await on.server().app.get(Database).db.deleteFrom('rooms').where('id', '=', made.room.id).execute();

      await twice(ada, (who) => who.patch(path, { name: 'Renamed' }));
      const { invite } = await twice(ada, (who) => who.post(`${path}/invites`));
      expect((await ada.get(`${path}/invites`)).body.invites).toHaveLength(1);
      await twice(ada, (who) => who.delete(`${path}/invites/${invite}`));
      await twice(eve, (who) => who.post(`${path}/join`));
      const current = (await twice(bob, (who) => who.upload(roomId, wav(60), 'one.wav'))).track;
      expect(current.status).toBe('playing');
      const { track } = await twice(bob, (who) => who.upload(roomId, wav(60, 300), 'two.wav'));
      const other = (await bob.upload(roomId, wav(60, 400), 'three.wav')).body.track;
      expect((await twice(eve, (who) => who.post(`/tracks/${track.id}/vote`))).track.vote_score).toBe(1);
      expect((await twice(eve, (who) => who.delete(`/tracks/${track.id}/vote`))).track.vote_score).toBe(0);
      await twice(ada, (who) => who.put(`${path}/queue`, { track_id: other.id, queue_position: 1 }));
      for (const [command, body] of [
        ['pause', undefined],
        ['resume', undefined],
        ['seek', { position: 7 }],
        ['skip', undefined],
        ['stop', undefined],
        ['start', undefined],
      ] as const) {
        await twice(ada, (who) => who.post(`${path}/playback/${command}`, body));
      }
      await twice(bob, (who) => who.delete(`/tracks/${track.id}`));
      await twice(eve, (who) => who.delete(`${path}/leave`));
      await twice(ada, (who) => who.delete(`${path}/participants/${bob.user.id}?ban=true`));
      await twice(ada, (who) => who.delete(`${path}/bans/${bob.user.id}`));
      await twice(ada, (who) => who.delete(path));
    });

    it('is answered for 10 minutes, and is a new command afterwards', async () => {
      await ada.upload(roomId, wav(60), 'one.wav');
      const seek = () => withKey(ada, 'a').post(`${path}/playback/seek`, { position: 5 });
      const first = (await seek()).body;
      await age(ada, keptSeconds - 5);
      expect((await seek()).body).toEqual(first);
      await age(ada, 6);
      const later = (await seek()).body;
      expect(later.event.sequence).toBe(first.event.sequence + 1);
      expect((await seek()).body).toEqual(later);
      expect(await rows(ada)).toHaveLength(1);
    });

    it('is answered if the first answer was lost', async () => {
      const track = (await ada.upload(roomId, wav(60), 'one.wav')).body.track;
      const hers = await listen(url, ada, roomId);
      const lost = httpRequest(`${url}/api/tracks/${track.id}/vote`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bob.token}`, [keyHeader]: 'lost' },
      });
      lost.on('error', () => undefined);
      lost.end();
      const voted = await hers.next('track_voted');
      lost.destroy();
      const { status, body } = await withKey(bob, 'lost').post(`/tracks/${track.id}/vote`);
      expect({ status, body }).toMatchObject({
        status: 200,
        body: { track: { vote_score: 1 }, event: { event_id: voted.event_id } },
      });
      expect(hers.ofType('track_voted')).toHaveLength(1);
      hers.close();
    });

    it('applies once if it arrives many times at once, and each gets the same answer', async () => {
      await ada.upload(roomId, wav(60), 'one.wav');
      const { track } = (await ada.upload(roomId, wav(60, 300), 'two.wav')).body;
      const copies = async (command: (who: Person) => Promise<Answer>): Promise<Answer[]> => {
        const keyed = withKey(ada, newKey());
        const answers = await Promise.all(Array.from({ length: 12 }, () => command(keyed)));
        for (const { status, body } of answers) {
          expect({ status, body }).toEqual({ status: answers[0]!.status, body: answers[0]!.body });
        }
        return answers;
      };
      const before = await sequenceOf();
      await copies((who) => who.post(`${path}/playback/seek`, { position: 5 }));
      expect(await sequenceOf()).toBe(before + 1);
      await copies((who) => who.upload(roomId, wav(1), 'many.wav'));
      expect(await sequenceOf()).toBe(before + 2);
      await copies((who) => who.delete(`/tracks/${track.id}`));
      expect(await sequenceOf()).toBe(before + 3);
      const [{ body }] = (await copies((who) => who.post('/rooms', { name: 'Once' }))) as [Answer];
      const { rooms } = (await ada.get('/rooms')).body;
      expect(rooms.filter(({ name }: { name: string }) => name === 'Once')).toHaveLength(1);
      const [gone] = await copies((who) => who.delete(`/rooms/${body.room.id}`));
      expect(gone!.status).toBe(200);
    });

    const settings = on.second;
    if (settings) {
      it('applies once if it reaches two servers at once', async () => {
        const second = await startServer(settings());
        try {
          for (let round = 0; round < 5; round += 1) {
            const key = newKey();
            const answers = await Promise.all(
              [url, second.url, url, second.url].map((to) =>
                withKey(ada, key, to).post('/rooms', { name: `Round ${round}` }),
              ),
            );
            expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
            expect(new Set(answers.map(({ body }) => body.room.id)).size).toBe(1);
          }
          const { rooms } = (await ada.get('/rooms')).body;
          const names = rooms
            .map(({ name }: { name: string }) => name)
            .filter((name: string) => /^Round/.test(name));
          expect(names.sort()).toEqual([0, 1, 2, 3, 4].map((round) => `Round ${round}`));
        } finally {
          await second.close();
        }
      });
    }
  });

  describe('another request with the same key', () => {
    it('is refused with idempotency_key_reused and changes nothing', async () => {
      const { track } = (await ada.upload(roomId, wav(60), 'one.wav')).body;
      const keyed = withKey(ada, newKey());
      expect((await keyed.post(`${path}/playback/seek`, { position: 5 })).status).toBe(200);
      const before = await sequenceOf();
      for (const command of [
        () => keyed.post(`${path}/playback/seek`, { position: 6 }),
        () => keyed.post(`${path}/playback/pause`),
        () => keyed.post('/rooms', { name: 'Other' }),
        () => keyed.delete(`/tracks/${track.id}`),
        () => keyed.upload(roomId, wav(1), 'two.wav'),
        // Of a resource that does not exist: the key comes first.
        () => keyed.post(`/rooms/${track.id}/join`),
      ]) {
        expectProblem(await command(), 422, 'idempotency_key_reused');
      }
      expect(await sequenceOf()).toBe(before);
    });

    it('in another room at the same time is refused too, and only one is applied', async () => {
      const other = await roomOf(ada);
      const keyed = withKey(ada, newKey());
      const answers = await Promise.all(
        [roomId, other.id].map((id) => keyed.patch(`/rooms/${id}`, { name: 'Same' })),
      );
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 422]);
      const names = [(await stateOf(ada, roomId)).room.name, (await stateOf(ada, other.id)).room.name];
      expect(names.filter((name) => name === 'Same')).toHaveLength(1);
    });

    it('of another user is a command of its own', async () => {
      const { track } = (await ada.upload(roomId, wav(60), 'one.wav')).body;
      const vote = (who: Person) => withKey(who, 'shared').post(`/tracks/${track.id}/vote`);
      expect((await vote(ada)).body.track.vote_score).toBe(1);
      expect((await vote(bob)).body.track.vote_score).toBe(2);
    });
  });

  it('of a refused command nothing is kept: the same request is tried again', async () => {
    const keyed = withKey(ada, newKey());
    expectProblem(await keyed.post(`${path}/playback/start`), 409, 'nothing_to_play');
    expect(await rows(ada)).toEqual([]);
    await ada.upload(roomId, wav(60), 'one.wav');
    await ada.post(`${path}/playback/stop`);
    expect((await keyed.post(`${path}/playback/start`)).status).toBe(200);
    // For another request the key is taken from now on.
    expectProblem(await keyed.post(`${path}/playback/start`, {}), 422, 'idempotency_key_reused');
  });

  it('a command that changed nothing is kept too', async () => {
    const { track } = (await ada.upload(roomId, wav(60), 'one.wav')).body;
    await bob.post(`/tracks/${track.id}/vote`);
    const answer = await twice(bob, (who) => who.post(`/tracks/${track.id}/vote`));
    expect(answer.event).toBeNull();
  });

  describe('an upload', () => {
    it('is the same if method, path, file and name are; its file is not stored again', async () => {
      const keyed = withKey(bob, newKey());
      const file = wav(5);
      const first = await keyed.upload(roomId, file, 'song.wav', 'audio/wav');
      expect(first.status).toBe(201);
      // Another boundary and another type of the part: the form differs, the file does not.
      const again = await keyed.upload(roomId, file, 'song.wav', 'application/octet-stream');
      expect(again.body).toEqual(first.body);
      expectProblem(await keyed.upload(roomId, wav(6), 'song.wav'), 422, 'idempotency_key_reused');
      expectProblem(await keyed.upload(roomId, file, 'other.wav'), 422, 'idempotency_key_reused');
      const { total } = (await ada.get(`${path}/tracks`)).body;
      expect(total).toBe(1);
      await eventually(async () => (await readdir(join(on.server().dataDir, 'uploads'))).length === 0);
    });

    it('is answered even if it could not be done again', async () => {
      const keyed = withKey(bob, newKey());
      const first = await keyed.upload(roomId, wav(5), 'song.wav');
      await ada.delete(`${path}/participants/${bob.user.id}?ban=true`);
      expect((await keyed.upload(roomId, wav(5), 'song.wav')).body).toEqual(first.body);
      expectProblem(await bob.upload(roomId, wav(5), 'song.wav'), 403, 'not_a_participant');
    });

    it('that is not audio is refused each time', async () => {
      const keyed = withKey(bob, newKey());
      for (let time = 0; time < 2; time += 1) {
        const answer = await keyed.upload(roomId, Buffer.from('no audio'), 'song.mp3');
        expectProblem(answer, 415, 'unsupported_media_type');
      }
    });

    it('repeated without a file, or not as a form, is refused', async () => {
      const keyed = withKey(bob, newKey());
      await keyed.upload(roomId, wav(5), 'song.wav');
      const form = new FormData();
      form.append('comment', 'no file');
      const headers = { authorization: `Bearer ${bob.token}`, [keyHeader]: `key-${keys}` };
      const answer = await request(url, 'POST', `${path}/tracks`, { headers, body: form });
      expectProblem(answer, 422, 'invalid_field');
      expectProblem(await keyed.post(`${path}/tracks`, {}), 422, 'idempotency_key_reused');
    });
  });

  describe('what is kept', () => {
    const fill = async (count: number, size_bytes: number) => {
      const now = Date.now() / 1000;
      const kept = Array.from({ length: count }, (_, index) => ({
        user_id: ada.user.id,
        key: `filled ${index}`,
        request_hash: 'hash',
        answer: '{}',
        size_bytes,
        created_at: now - index / 100,
      }));
      const { db } = on.server().app.get(Database);
      for (let from = 0; from < count; from += 100) {
        await db
          .insertInto('idempotency_keys')
          .values(kept.slice(from, from + 100))
          .execute();
      }
    };

    it.each([
      ['number', maxKeptAnswers, 1],
      ['size', 2, maxKeptBytes / 2],
    ])('is limited in %s per user; further commands with a key wait', async (_, count, size) => {
      await fill(count, size);
      const before = await sequenceOf();
      const refused = await withKey(ada, newKey()).patch(path, { name: 'Renamed' });
      expectProblem(refused, 429, 'rate_limited');
      const seconds = Number(refused.headers.get('retry-after'));
      expect(seconds).toBeGreaterThan(keptSeconds - 60);
      expect(seconds).toBeLessThanOrEqual(keptSeconds);
      expect(await sequenceOf()).toBe(before);
      // Without a key, and for others, there is no limit.
      expect((await ada.patch(path, { name: 'Renamed' })).status).toBe(200);
      const room = await roomOf(bob);
      expect((await withKey(bob, newKey()).patch(`/rooms/${room.id}`, { name: 'His' })).status).toBe(200);
      await age(ada, keptSeconds);
      expect((await withKey(ada, newKey()).patch(path, { name: 'Again' })).status).toBe(200);
    });

    it('is deleted once it has expired', async () => {
      await fill(1200, 1);
      await age(ada, keptSeconds);
      await withKey(ada, 'newer').patch(path, { name: 'Renamed' });
      await store().removeExpired();
      expect((await rows(ada)).map(({ key }) => key)).toEqual(['newer']);
    });
  });

  describe('a key', () => {
    /** The commands of the API, as the document describes them. */
    const commands = () =>
      Object.entries(openApiDocument(on.server().app).paths).flatMap(([route, operations]) =>
        Object.entries(operations as Record<string, { parameters?: { name: string }[] }>)
          // The operator's commands can be repeated as they are.
          .filter(([method]) => method !== 'get' && !route.startsWith('/api/admin/'))
          .map(([method, { parameters = [] }]) => ({
            method: method.toUpperCase(),
            route: route.replace(/^\/api/, '').replace(/\{\w+\}/g, roomId),
            documented: parameters.some(({ name }) => name === 'Idempotency-Key'),
          })),
      );
    const ask = (method: string, route: string, key: string) =>
      request(url, method, route, { headers: { authorization: `Bearer ${ada.token}`, [keyHeader]: key } });

    it.each(['', ' ', 'a b', 'x'.repeat(101), 'é', 'a,\tb'])(
      'that is not 1 to 100 visible ASCII characters (%j) is refused',
      async (key) => {
        expectProblem(await ask('PATCH', path, key), 400, 'idempotency_key_invalid');
      },
    );

    it('of 1 or 100 characters, with any visible ASCII character, is accepted', async () => {
      const all = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('');
      for (const key of ['x', 'x'.repeat(100), all]) {
        const renamed = await withKey(ada, key).patch(path, { name: `Named by ${key.length}` });
        expect(renamed.status).toBe(200);
      }
      expect(await rows(ada)).toHaveLength(3);
    });

    it('is checked on every command but those of /auth, and is documented there', async () => {
      const all = commands();
      expect(all.filter(({ documented }) => documented).length).toBeGreaterThanOrEqual(17);
      for (const { method, route, documented } of all) {
        const answer = await ask(method, route, 'not valid');
        const invalid = answer.body.error?.code === 'idempotency_key_invalid';
        expect({ method, route, invalid, isAuth: route.startsWith('/auth/') }).toEqual({
          method,
          route,
          invalid: documented,
          isAuth: !documented,
        });
        // The last of them has signed out.
        ada = await guest(url, 'ada');
      }
    });

    it('is ignored by requests that read, and by those that answer with a token', async () => {
      const keyed = withKey(ada, newKey());
      expect((await keyed.get(path)).status).toBe(200);
      await keyed.patch(path, { name: 'Renamed' });
      expect((await keyed.get(path)).status).toBe(200);
      const tokens = await Promise.all([keyed.post('/auth/refresh'), keyed.post('/auth/media-token')]);
      expect(tokens.map(({ status }) => status)).toEqual([200, 201]);
      for (let time = 0; time < 2; time += 1) {
        const guests = await keyed.post('/auth/guest', { username: 'ada' });
        expect(guests.body.user.id).not.toBe(ada.user.id);
      }
      expect(await rows(ada)).toHaveLength(1);
    });
  });
});
