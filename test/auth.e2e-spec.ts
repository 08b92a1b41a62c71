import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rest } from '../src/contract/index.js';
import { openApiDocument } from '../src/operations/openapi.js';
import { expectAnswer, expectProblem, expectValid } from './support/answers.js';
import { type Answer, guest, person, request, roomOf, stateOf } from './support/api.js';
import { wav } from './support/audio.js';
import { Listener, listen, listenToLobby } from './support/listener.js';
import { startServer, type TestServer } from './support/server.js';

const secret = 'a secret that only this test knows of';
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ JWT_SECRET: secret });
});
afterAll(() => server.close());

/** A request whose body is sent unchanged. */
const send = (
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  request(server.url, method, path, {
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body }),
  });
const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  send('POST', path, JSON.stringify(body), headers);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const me = (token: string): Promise<Answer> =>
  request(server.url, 'GET', '/auth/me', { headers: bearer(token) });

const password = 'correct horse battery staple';
let people = 0;
const freshName = (): string => `someone ${(people += 1)}`;
const register = async (username = freshName()) => {
  const { body } = await post('/auth/register', { username, password });
  return person(server.url, body.token, body.user);
};

const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** A token as the server makes them, but with claims, key and header of the caller's choosing. */
const forge = (claims: object, key = secret, header: object = { alg: 'HS256', typ: 'JWT' }): string => {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
};

describe('creating a guest', () => {
  it('answers with a token, for which /auth/me has the same user and expiry', async () => {
    const answer = await post('/auth/guest', { username: '  ada lovelace ' });
    expectAnswer(answer, 201, rest.SignedIn);
    expect(answer.body.user).toMatchObject({ username: 'ada lovelace', guest: true });
    expect(answer.body.expires_at).toBeGreaterThan(Date.now() / 1000);
    const answered = await me(answer.body.token);
    expectAnswer(answered, 200, rest.Me);
    expect(answered.body).toEqual({ user: answer.body.user, expires_at: answer.body.expires_at });
  });

  it('creates separate users for guests with the same name', async () => {
    const first = await guest(server.url, 'twin');
    const second = await guest(server.url, 'TWIN');
    expect(first.user.id).not.toBe(second.user.id);
  });

  it.each([
    ['no name', {}],
    ['an empty name', { username: '' }],
    ['nothing but white space', { username: '   ' }],
    ['a name that is too long', { username: 'a'.repeat(33) }],
    ['a line break', { username: 'a\nb' }],
    ['half a surrogate pair', { username: 'a\ud800b' }],
    ['a number', { username: 7 }],
    ['a list', { username: ['ada'] }],
    ['null', { username: null }],
  ])('refuses %s', async (_, body) => {
    const answer = await post('/auth/guest', body);
    expectProblem(answer, 422, 'invalid_field');
    expect(answer.body.error.details).toEqual([expect.objectContaining({ field: 'username' })]);
  });

  it.each([
    ['broken JSON', '{"username":'],
    ['a list', '[]'],
    ['a string', '"ada"'],
    ['a number', '1'],
    ['null', 'null'],
  ])('refuses a body that is %s', async (_, body) => {
    expectProblem(await send('POST', '/auth/guest', body), 400, 'malformed');
  });

  it('refuses a body that is too large, or in an unknown character set', async () => {
    expectProblem(await post('/auth/guest', { username: 'a'.repeat(70_000) }), 413, 'payload_too_large');
    const type = { 'content-type': 'application/json; charset=klingon' };
    expectProblem(await send('POST', '/auth/guest', '{}', type), 415, 'unsupported_media_type');
  });
});

describe('registering', () => {
  it('creates a user and answers with a valid token', async () => {
    const username = freshName();
    const answer = await post('/auth/register', { username, password });
    expectAnswer(answer, 201, rest.SignedIn);
    expect(answer.body.user).toMatchObject({ username, guest: false });
    expect((await me(answer.body.token)).body.user).toEqual(answer.body.user);
  });

  it('refuses a name that is taken, also in another case, width or Unicode composition', async () => {
    await register('Grace');
    for (const username of ['Grace', 'GRACE', ' grace ', 'Ｇｒａｃｅ']) {
      expectProblem(await post('/auth/register', { username, password }), 409, 'username_taken');
    }
    await register('Émile');
    expectProblem(await post('/auth/register', { username: 'e\u0301MILE', password }), 409, 'username_taken');
  });

  it('registers a name once if several requests for it arrive at the same time', async () => {
    const answers = await Promise.all(
      ['race', 'Race', 'RACE', 'rAcE'].map((username) => post('/auth/register', { username, password })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
  });

  it.each([
    ['a short password', { username: 'x', password: 'seven77' }, 'password'],
    ['a password that is far too long', { username: 'x', password: 'p'.repeat(257) }, 'password'],
    ['no password', { username: 'x' }, 'password'],
    ['no name', { password }, 'username'],
  ])('refuses %s', async (_, body, field) => {
    const answer = await post('/auth/register', body);
    expectProblem(answer, 422, 'invalid_field');
    expect(answer.body.error.details).toEqual([expect.objectContaining({ field })]);
    expect(JSON.stringify(answer.body)).not.toContain('seven77');
  });

  it("with a guest's token keeps the guest's id, rooms, votes and place among the participants", async () => {
    const ada = await guest(server.url, 'ada the guest');
    const bob = await guest(server.url, 'bob');
    const room = await roomOf(ada, [bob]);
    await bob.upload(room.id, wav(30, 300), 'first.wav');
    const { track } = (await bob.upload(room.id, wav(30, 301), 'second.wav')).body;
    await ada.post(`/tracks/${track.id}/vote`);

    const username = freshName();
    const answer = await post('/auth/register', { username, password }, bearer(ada.token));
    expectAnswer(answer, 201, rest.SignedIn);
    expect(answer.body.user).toEqual({ id: ada.user.id, username, guest: false });

    const registered = person(server.url, answer.body.token, answer.body.user);
    const { room: state } = await stateOf(registered, room.id);
    expect(state.administrator).toEqual(answer.body.user);
    expect(state.participants[0]).toMatchObject(answer.body.user);
    expect((await registered.post(`/tracks/${track.id}/vote`)).body.track.vote_score).toBe(1);
    expect((await me(answer.body.token)).body.user).toEqual(answer.body.user);
    const again = await post('/auth/login', { username, password });
    expect(again.body.user).toEqual(answer.body.user);
  });

  it("with a guest's token is refused if the name is taken, and the guest stays a guest", async () => {
    await register('occupied');
    const ada = await guest(server.url);
    expectProblem(
      await post('/auth/register', { username: 'Occupied', password }, bearer(ada.token)),
      409,
      'username_taken',
    );
    expect((await me(ada.token)).body.user).toEqual(ada.user);
  });

  it("refuses a registered user's token and an invalid token", async () => {
    const ada = await register();
    const body = { username: freshName(), password };
    expectProblem(await post('/auth/register', body, bearer(ada.token)), 409, 'already_registered');
    expectProblem(await post('/auth/register', body, bearer('nonsense')), 401, 'unauthorized');
  });
});

describe('signing in', () => {
  it('succeeds with name and password, whatever the case of the name', async () => {
    const ada = await register('Ada of London');
    const answer = await post('/auth/login', { username: 'ADA of london', password });
    expectAnswer(answer, 200, rest.SignedIn);
    expect(answer.body.user).toEqual(ada.user);
    expect((await me(answer.body.token)).status).toBe(200);
  });

  it('gives the same answer for an unknown name and a wrong password', async () => {
    const { user } = await register();
    const wrongPassword = await post('/auth/login', { username: user.username, password: 'not that one' });
    const wrongName = await post('/auth/login', { username: 'nobody of that name', password });
    expectProblem(wrongPassword, 401, 'invalid_credentials');
    expect(wrongName.body).toEqual(wrongPassword.body);
  });

  it("is refused for a guest's name", async () => {
    await guest(server.url, 'a mere guest');
    expectProblem(
      await post('/auth/login', { username: 'a mere guest', password }),
      401,
      'invalid_credentials',
    );
  });

  it('refuses a body without a password', async () => {
    expectProblem(await post('/auth/login', { username: 'ada' }), 422, 'invalid_field');
  });
});

describe('a token', () => {
  it('can be refreshed; the new one expires at the same time or later', async () => {
    const ada = await guest(server.url);
    const { body: before } = await ada.get('/auth/me');
    const answer = await ada.post('/auth/refresh');
    expectAnswer(answer, 200, rest.SignedIn);
    expect(answer.body.user).toEqual(ada.user);
    expect(answer.body.expires_at).toBeGreaterThanOrEqual(before.expires_at);
    expect((await me(answer.body.token)).body.user).toEqual(ada.user);
  });

  it('is invalid after a logout, like those refreshed from it; other sessions stay valid', async () => {
    const ada = await register();
    const elsewhere = (await post('/auth/login', { username: ada.user.username, password })).body.token;
    const refreshed = (await ada.post('/auth/refresh')).body.token;
    const out = await ada.post('/auth/logout');
    expectAnswer(out, 200, rest.Done);
    for (const token of [ada.token, refreshed]) expectProblem(await me(token), 401, 'unauthorized');
    expectProblem(await ada.post('/auth/refresh'), 401, 'unauthorized');
    expectProblem(await ada.post('/auth/logout'), 401, 'unauthorized');
    expect((await me(elsewhere)).status).toBe(200);
  });

  it('is refused if it is forged, altered, expired, or issued for another purpose', async () => {
    const ada = await guest(server.url);
    const bob = await guest(server.url);
    const claims = claimsOf(ada.token);
    expect((await me(forge(claims))).status).toBe(200);
    const media = (await ada.post('/auth/media-token')).body.media_token;
    const past = Math.floor(Date.now() / 1000) - 1;
    const wrong = {
      garbage: 'garbage',
      'cut off': ada.token.slice(0, -4),
      'signed with another key': forge(claims, 'another secret, as long as the real one'),
      unsigned: `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`,
      expired: forge({ ...claims, exp: past }),
      "another user's session": forge({ ...claims, sub: bob.user.id }),
      'an unknown session': forge({ ...claims, sid: bob.user.id }),
      'a media token': media,
      'no claims': forge({}),
    };
    for (const [what, token] of Object.entries(wrong)) {
      expect({ what, status: (await me(token)).status }).toEqual({ what, status: 401 });
    }
    for (const authorization of [`Basic ${ada.token}`, ada.token, 'Bearer', 'Bearer a b']) {
      expectProblem(
        await request(server.url, 'GET', '/auth/me', { headers: { authorization } }),
        401,
        'unauthorized',
      );
    }
  });
});

describe('signing out', () => {
  it("closes the session's sockets, in rooms and in the lobby, with the error session_ended", async () => {
    const ada = await register();
    const { body } = await post('/auth/login', { username: ada.user.username, password });
    const adaElsewhere = person(server.url, body.token, body.user);
    const room = await roomOf(ada);
    const inRoom = await listen(server.url, ada, room.id);
    const inLobby = await listenToLobby(server.url, ada);
    const stays = await listen(server.url, adaElsewhere, room.id);
    const closed = [inRoom.closed(), inLobby.closed()];
    await ada.post('/auth/logout');
    await Promise.all(closed);
    for (const listener of [inRoom, inLobby]) {
      expect(listener.ofType('error').map(({ data }) => data.code)).toEqual(['session_ended']);
      expectValid(listener.events);
    }
    expect(await stays.ask('time_sync', {})).toMatchObject({ ok: true });
    expect(await new Listener(server.url, '/', ada.token).refused()).toMatchObject({ code: 'unauthorized' });
    stays.close();
  });
});

describe('without a token', () => {
  const open = new Set([
    'POST /api/auth/guest',
    'POST /api/auth/register',
    'POST /api/auth/login',
    'GET /api/time',
    'GET /health/live',
    'GET /health/ready',
    'GET /metrics',
  ]);

  /** Previews, and the operator's routes, which have a token of their own. */
  const forEveryone = /^\/api\/(admin|invites|rooms\/\{id\}\/preview)/;

  it('every route except the public ones answers 401', async () => {
    const { paths } = openApiDocument(server.app);
    const routes = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => ({ method: method.toUpperCase(), path })),
    );
    const guarded = routes.filter(
      ({ method, path }) => !open.has(`${method} ${path}`) && !forEveryone.test(path),
    );
    expect(guarded.length).toBeGreaterThanOrEqual(29);
    for (const { method, path } of guarded) {
      const filled = path.replace('/api', '').replace(/\{\w+\}/g, '0192f0c1-0000-7000-8000-000000000000');
      const answer = await request(server.url, method, filled);
      expect({ method, path, status: answer.status }).toEqual({ method, path, status: 401 });
      expectProblem(answer, 401, 'unauthorized');
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it('GET /time is answered', async () => {
    const before = Date.now() / 1000;
    const answer = await request(server.url, 'GET', '/time');
    expectAnswer(answer, 200, rest.ServerTime);
    expect(answer.body.server_time).toBeGreaterThanOrEqual(before);
    expect(answer.body.server_time).toBeLessThanOrEqual(Date.now() / 1000);
  });

  it('an unknown path is answered with 404 and a malformed one with 400, in the error format', async () => {
    expectProblem(await request(server.url, 'GET', '/nothing/here'), 404, 'not_found');
    expectProblem(await request(server.url, 'GET', '/auth/%ff'), 400, 'malformed');
  });
});
