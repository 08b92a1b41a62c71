import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import argon2 from 'argon2';
import fc from 'fast-check';
import { Kysely, Migrator } from 'kysely';
import { rest } from '../src/contract/index.js';
import { Database } from '../src/database/database.js';
import { postgresDialect } from '../src/database/dialects.js';
import { migrations } from '../src/database/migrations.js';
import { SqliteDialect } from '../src/database/sqlite-driver.js';
import { SqliteFile } from '../src/database/sqlite-file.js';
import { skeletonsOf } from '../src/names/skeleton.js';
import { expectAnswer, expectProblem } from './support/answers.js';
import { type Answer, guest, type Person, person, request, roomOf } from './support/api.js';
import { type Postgres, startPostgres } from './support/postgres.js';
import { startServer, temporaryFolder, type TestServer } from './support/server.js';

const password = 'correct horse battery staple';
const post = (url: string, path: string, body: unknown): Promise<Answer> =>
  request(url, 'POST', path, {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const discriminated = /^(.*)#[0-9a-f]{4}$/;

describe.each(['SQLite', 'PostgreSQL'])('on %s', (kind) => {
  let postgres: Postgres | undefined;
  let server: TestServer;
  beforeAll(async () => {
    postgres = kind === 'PostgreSQL' ? await startPostgres() : undefined;
    server = await startServer(postgres ? { DATABASE_URL: await postgres.database() } : {});
  }, 300_000);
  afterAll(async () => {
    await server?.close();
    await postgres?.close();
  });

  const register = async (username: string): Promise<Person> => {
    const answer = await post(server.url, '/auth/register', { username, password });
    expectAnswer(answer, 201, rest.SignedIn);
    return person(server.url, answer.body.token, answer.body.user);
  };

  describe('names of users and rooms', () => {
    it.each([
      'a\u200bb',
      'a\u202eb',
      'a\u2066b',
      'a\u00adb',
      '\u3164',
      '\u2800',
      `z${'\u0301'.repeat(9)}`,
      'a\tb',
    ])('are refused if they contain invisible characters or too many combining marks: %j', async (name) => {
      const ada = await guest(server.url);
      const room = await roomOf(ada);
      for (const [answer, field] of [
        [await post(server.url, '/auth/guest', { username: name }), 'username'],
        [await post(server.url, '/auth/register', { username: name, password }), 'username'],
        [await ada.post('/rooms', { name }), 'name'],
        [await ada.patch(`/rooms/${room.id}`, { name }), 'name'],
      ] as const) {
        expectProblem(answer, 422, 'invalid_field');
        expect(answer.body.error.details).toEqual([
          { field, message: expect.stringMatching(new RegExp(`^${field} must `)) },
        ]);
      }
    });

    it('are normalised', async () => {
      const ada = await guest(server.url, ' Ａｄａ   L\u00a0ovelace ');
      expect(ada.user.username).toBe('Ada L ovelace');
      expect((await roomOf(ada, [], { name: 'ﬁne  room' })).name).toBe('fine room');
    });

    it('may contain any script, and emoji', async () => {
      for (const name of [
        'می\u200cخواهم',
        'मोहम्मद',
        'ක්\u200dරියා',
        '음악',
        '👩🏽\u200d🚀 🇩🇪',
        '🎶'.repeat(32),
      ]) {
        const ada = await guest(server.url, name);
        expect(ada.user.username).toBe(name);
        expect((await roomOf(ada, [], { name })).name).toBe(name);
      }
    });
  });

  describe('a username that looks like another', () => {
    it('is refused if the other is registered', async () => {
      await register('paypal');
      for (const username of ['раypal', 'paypaI', 'PAYPAL', 'Ｐａｙｐａｌ', 'paypa1', 'pay\ufe0fpal']) {
        expectProblem(
          await post(server.url, '/auth/register', { username, password }),
          409,
          'username_taken',
        );
        const ada = await guest(server.url);
        expectProblem(await ada.post('/auth/register', { username, password }), 409, 'username_taken');
      }
      await register('paypaul');
    });

    it('gets a discriminator if a guest asks for it, within the maximum length of names', async () => {
      await register('Grace');
      for (const username of ['Grace', 'grace', 'Grаce']) {
        const { user } = await guest(server.url, username);
        expect(discriminated.exec(user.username)?.[1]).toBe(username);
      }
      const long = '👩🏽\u200d🚀'.repeat(8);
      await register(long);
      const { user } = await guest(server.url, long);
      expect(discriminated.exec(user.username)?.[1]).toBe('👩🏽\u200d🚀'.repeat(6));
    });

    it('may be shared by guests, whose names are not unique', async () => {
      for (const username of ['robin', 'robin', 'rоbin']) {
        expect((await guest(server.url, username)).user).toMatchObject({ username, guest: true });
      }
    });

    it('can be registered while a guest has it; the guest keeps it and cannot register it', async () => {
      const early = await guest(server.url, 'marie');
      const marie = await register('Marie');
      expect(marie.user.username).toBe('Marie');
      expect((await early.get('/auth/me')).body.user).toEqual({ ...early.user, guest: true });
      expect((await guest(server.url, 'marie')).user.username).toMatch(discriminated);
      expectProblem(
        await early.post('/auth/register', { username: 'marie', password }),
        409,
        'username_taken',
      );
    });

    it('is accepted if it is the registering guest’s own name', async () => {
      const lise = await guest(server.url, 'lise');
      expectAnswer(await lise.post('/auth/register', { username: 'Lise', password }), 201, rest.SignedIn);
    });

    it('is registered at most once by concurrent requests', async () => {
      const name = fc.array(fc.constantFrom('a', 'а', 'l', 'I', '1', 'rn', 'm', 'A', '0', 'o'), {
        minLength: 1,
        maxLength: 2,
      });
      const arrival = fc.record({
        username: name.map((parts) => parts.join('')),
        as: fc.constantFrom('guest', 'registered', 'both'),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(arrival, { minLength: 2, maxLength: 8 }), async (arrivals) => {
          const answers = await Promise.all(
            arrivals.map(async ({ username, as }) => {
              if (as === 'registered') return post(server.url, '/auth/register', { username, password });
              const someone = await guest(server.url, username);
              return as === 'guest' ? undefined : someone.post('/auth/register', { username, password });
            }),
          );
          for (const answer of answers) if (answer) expect([201, 409]).toContain(answer.status);
          const users = await server.app
            .get(Database)
            .db.selectFrom('users')
            .select(['username'])
            .where('password_hash', 'is not', null)
            .execute();
          const skeletons = users.flatMap(({ username }) => skeletonsOf(username));
          expect(skeletons.length).toBe(new Set(skeletons).size);
        }),
        { numRuns: 15 },
      );
    }, 180_000);
  });

  it('signing in accepts the name with other spacing, case and Unicode composition', async () => {
    const { user } = await register('Émilie du Châtelet');
    for (const username of [' émilie  du\u00a0châtelet ', 'E\u0301MILIE DU CHA\u0302TELET']) {
      const answer = await post(server.url, '/auth/login', { username, password });
      expect(answer.body.user).toEqual(user);
    }
  });
});

describe.each(['SQLite', 'PostgreSQL'])('a database from before these rules, on %s', (kind) => {
  let folder: string;
  let postgres: Postgres | undefined;
  beforeAll(async () => {
    folder = await temporaryFolder();
    postgres = kind === 'PostgreSQL' ? await startPostgres() : undefined;
  }, 300_000);
  afterAll(async () => {
    await postgres?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('is migrated: users keep their names and can sign in, even if names look alike or contain refused characters', async () => {
    const url = await postgres?.database();
    const ignore = () => undefined;
    const dialect = url
      ? postgresDialect(url, ignore)
      : new SqliteDialect(new SqliteFile(join(folder, 'roomcast.sqlite'), 'normal'), ignore);
    const before = new Kysely<any>({ dialect });
    const migrator = new Migrator({ db: before, provider: migrations });
    const { error } = await migrator.migrateTo('002_deliveries');
    expect(error).toBe(undefined);
    const password_hash = await argon2.hash(password);
    const names = ['paypal', 'раypal', 'soft\u00adhyphen', 'two  spaces', 'two spaces'];
    const registered = names.map((username, i) => ({
      id: `0192f0c1-0000-7000-8000-00000000000${i}`,
      username,
      username_key: username.toLowerCase(),
      password_hash,
      created_at: 1,
    }));
    const guests = ['Paypal', 'ada', 'ada'].map((username, i) => ({
      id: `0192f0c0-0000-7000-8000-00000000000${i}`,
      username,
      username_key: null,
      password_hash: null,
      created_at: 1,
    }));
    await before
      .insertInto('users')
      .values([...guests, ...registered])
      .execute();
    await before
      .insertInto('rooms')
      .values({
        id: guests[0]!.id,
        name: 'old',
        visibility: 'private',
        administrator_id: registered[0]!.id,
        playback_control: 'everyone',
        upload: 'everyone',
        vote: 'everyone',
        created_at: 1,
      })
      .execute();
    const expires_at = Math.floor(Date.now() / 1000) + 86_400;
    await before
      .insertInto('participants')
      .values({ room_id: guests[0]!.id, user_id: registered[0]!.id, joined_at: 1 })
      .execute();
    const code = 'a'.repeat(22);
    await before
      .insertInto('invites')
      .values({ code, room_id: guests[0]!.id, created_by: registered[0]!.id, expires_at })
      .execute();
    await before.destroy();

    const server = await startServer(url ? { DATABASE_URL: url } : { DATA_DIR: folder });
    try {
      const signedIn: Person[] = [];
      for (const { id, username } of registered) {
        const answer = await post(server.url, '/auth/login', { username, password });
        expect([answer.status, answer.body.user]).toEqual([200, { id, username, guest: false }]);
        signedIn.push(person(server.url, answer.body.token, answer.body.user));
      }
      expectProblem(
        await post(server.url, '/auth/register', { username: 'paypaI', password }),
        409,
        'username_taken',
      );
      expect((await guest(server.url, 'paypal')).user.username).toMatch(discriminated);
      expect((await guest(server.url, 'ada')).user.username).toBe('ada');
      const { body } = await signedIn[0]!.get(`/rooms/${guests[0]!.id}/invites`);
      expect(body.invites).toEqual([
        { invite: code, created_at: expires_at - 604_800, expires_at, max_uses: null, uses: 0 },
      ]);
      const ada = await guest(server.url);
      expect((await ada.post(`/rooms/${guests[0]!.id}/join`, { invite: code })).status).toBe(200);
    } finally {
      await server.close();
    }
  }, 60_000);
});
