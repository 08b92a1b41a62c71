import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { AuthService } from '../src/auth/auth.service.js';
import { SessionsService } from '../src/auth/sessions.service.js';
import { expectAnswer, expectProblem } from './support/answers.js';
import { rest } from '../src/contract/index.js';
import { type Answer, guest, person, request, roomOf, stateOf } from './support/api.js';
import { wav } from './support/audio.js';
import { type Client, clientAt } from './support/from-address.js';
import { eventually, listen, listenToLobby } from './support/listener.js';
import { type Postgres, startPostgres } from './support/postgres.js';
import { startServer, type TestServer } from './support/server.js';

const password = 'correct horse battery staple';
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

const clients: Client[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
const at = ({ url }: TestServer, address: string, maxSockets?: number): Client => {
  const client = clientAt(url, address, maxSockets);
  clients.push(client);
  return client;
};
const retryAfter = ({ headers }: Answer): number => Number(headers.get('retry-after'));
const statusesOf = (answers: readonly Answer[]): number[] =>
  [...new Set(answers.map((a) => a.status))].sort();

/** Reads a track's stream again and again. */
function readAgainAndAgain(read: () => Promise<number>) {
  let going = true;
  const reads: number[] = [];
  const done = (async () => {
    while (going) reads.push(await read());
  })();
  return {
    reads,
    stop: async () => {
      going = false;
      await done;
    },
  };
}

/** A room with a track, and a way to read all of its stream. */
async function streamOf(server: TestServer) {
  const ada = await guest(server.url, 'ada');
  const room = await roomOf(ada);
  const bytes = wav(120);
  const { track } = (await ada.upload(room.id, bytes, 'song.wav')).body;
  const read = async (): Promise<number> => {
    // A connection for each: the server may close an idle one just as the next request is sent.
    const call = get(`${server.url}${track.stream_url}`, {
      agent: false,
      headers: { authorization: `Bearer ${ada.token}` },
    });
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    let length = 0;
    for await (const chunk of response) length += (chunk as Buffer).length;
    return length;
  };
  return { read, length: bytes.length };
}

describe('with limits on', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ RATE_LIMIT: 'on' });
  });
  afterAll(() => server.close());

  const register = async (username: string) =>
    expectAnswer(
      await at(server, '127.0.0.1').post('/auth/register', { username, password }),
      201,
      rest.SignedIn,
    );
  const login = (client: Client, username: string, given = password) =>
    client.post('/auth/login', { username, password: given });

  it('repeated correct sign-ins are not delayed', async () => {
    await register('emmy');
    const client = at(server, '127.0.3.1');
    for (const _ of numbers(70)) expectAnswer(await login(client, 'emmy'), 200, rest.SignedIn);
  });

  it('500 guests from one address are created at once; further ones beyond the limit are refused', async () => {
    const client = at(server, '127.0.4.1', 50);
    const answers = await Promise.all(
      numbers(500).map(() => client.post('/auth/guest', { username: 'ada' })),
    );
    expect(statusesOf(answers)).toEqual([201]);
    expect(new Set(answers.map(({ body }) => body.user.id)).size).toBe(500);
    const more = await Promise.all(numbers(200).map(() => client.post('/auth/guest', { username: 'ada' })));
    const refused = more.filter(({ status }) => status !== 201);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) {
      expectProblem(answer, 429, 'rate_limited');
      expect(retryAfter(answer)).toBeLessThanOrEqual(60);
    }
  }, 60_000);

  it('registering new guests is limited by address; a stream continues meanwhile', async () => {
    const { read, length } = await streamOf(server);
    const auth = server.app.get(AuthService);
    const tokens: string[] = [];
    for (const i of numbers(2000)) {
      tokens.push((await auth.guest(`fresh ${i}`, `elsewhere ${i % 10}`)).token);
      // SQLite answers within the turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const attacker = at(server, '127.0.5.1', 50);
    const reader = readAgainAndAgain(read);
    const answers = await Promise.all(
      tokens.map((token, i) => attacker.post('/auth/register', { username: `owner ${i}`, password }, token)),
    );
    const readMeanwhile = reader.reads.length;
    await reader.stop();
    const made = answers.filter(({ status }) => status === 201);
    expect(made.length).toBeGreaterThan(0);
    expect(made.length).toBeLessThanOrEqual(200);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expectProblem(answer, 429, 'rate_limited');
      expect(retryAfter(answer)).toBeGreaterThanOrEqual(1);
    }
    expect(readMeanwhile).toBeGreaterThan(0);
    expect(new Set(reader.reads)).toEqual(new Set([length]));
    // Other addresses are not affected.
    const other = await at(server, '127.0.5.2').post('/auth/register', {
      username: 'someone else',
      password,
    });
    expectAnswer(other, 201, rest.SignedIn);
  }, 120_000);
});

describe('with limits off, hashing passwords', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.close());

  it('is queued up to a limit, in turns by address; streams and checks of names continue meanwhile', async () => {
    const { read, length } = await streamOf(server);
    await guest(server.url).then((ada) => ada.post('/auth/register', { username: 'Taken', password }));
    const attacker = at(server, '127.0.6.1', 500);
    const reader = readAgainAndAgain(read);
    let answered = 0;
    const flood = numbers(2000).map(async (i) => {
      const answer = await attacker.post('/auth/register', { username: `flood ${i}`, password });
      answered += 1;
      return answer;
    });
    await eventually(() => answered > 100, 'the first refusals');
    // Another address gets its turn, and a taken name is refused without hashing.
    const other = at(server, '127.0.6.2');
    expectAnswer(await other.post('/auth/register', { username: 'bystander', password }), 201, rest.SignedIn);
    expectProblem(await other.post('/auth/register', { username: 'taken', password }), 409, 'username_taken');
    expect(answered).toBeLessThan(2000);
    const answers = await Promise.all(flood);
    const readMeanwhile = reader.reads.length;
    await reader.stop();
    expect(statusesOf(answers)).toEqual([201, 503]);
    for (const answer of answers.filter(({ status }) => status === 503)) {
      expectProblem(answer, 503, 'unavailable');
      expect(retryAfter(answer)).toBe(1);
    }
    expect(readMeanwhile).toBeGreaterThan(0);
    expect(new Set(reader.reads)).toEqual(new Set([length]));
  }, 120_000);
});

describe.each(['SQLite', 'PostgreSQL'])('registering with a guest’s token, on %s', (database) => {
  let postgres: Postgres | undefined;
  let server: TestServer;
  beforeAll(async () => {
    postgres = database === 'PostgreSQL' ? await startPostgres() : undefined;
    server = await startServer(postgres ? { DATABASE_URL: await postgres.database() } : {});
  }, 300_000);
  afterAll(async () => {
    await server?.close();
    await postgres?.close();
  });

  it('ends the guest’s sessions, sockets and media tokens, and keeps rooms and votes', async () => {
    const ada = await guest(server.url, 'ada');
    const room = await roomOf(ada);
    const { track } = (await ada.upload(room.id, wav(1), 'song.wav')).body;
    await ada.upload(room.id, wav(1, 300), 'second.wav');
    const refreshed = (await ada.post('/auth/refresh')).body.token;
    const media = (await ada.post('/auth/media-token')).body.media_token;
    const stream = () => request(server.url, 'GET', `/tracks/${track.id}/stream?media_token=${media}`);
    expect((await stream()).status).toBe(200);
    const sockets = [await listen(server.url, ada, room.id), await listenToLobby(server.url, ada)];
    const closed = sockets.map((socket) => socket.closed());

    const answer = await ada.post('/auth/register', { username: `Ada of ${database}`, password });
    expectAnswer(answer, 201, rest.SignedIn);
    await Promise.all(closed);
    for (const socket of sockets) {
      expect(socket.ofType('error').map(({ data }) => data.code)).toEqual(['session_ended']);
    }
    expectProblem(await stream(), 401, 'unauthorized');
    for (const token of [ada.token, refreshed]) {
      expectProblem(await person(server.url, token, ada.user).get('/auth/me'), 401, 'unauthorized');
      expectProblem(
        await person(server.url, token, ada.user).post('/auth/register', { username: 'again', password }),
        401,
        'unauthorized',
      );
    }
    const registered = person(server.url, answer.body.token, answer.body.user);
    expect(registered.user.id).toBe(ada.user.id);
    expect((await stateOf(registered, room.id)).room.administrator).toEqual(registered.user);
  });

  it('announces the ended sessions twice, for sockets that were still joining', async () => {
    const announced: string[] = [];
    const subscription = server.app.get(SessionsService).ended.subscribe((id) => announced.push(id));
    const eve = await guest(server.url, 'eve');
    await eve.post('/auth/register', { username: `Eve of ${database}`, password });
    const { sid } = JSON.parse(Buffer.from(eve.token.split('.')[1]!, 'base64url').toString());
    await eventually(() => announced.filter((id) => id === sid).length === 2, 'the second announcement');
    subscription.unsubscribe();
  });

  it('succeeds once if it is requested several times at once', async () => {
    for (const round of numbers(5)) {
      const eve = await guest(server.url, 'eve');
      const answers = await Promise.all(
        numbers(8).map((i) =>
          // Half of them ask for one name.
          eve.post('/auth/register', { username: `eve ${round} ${i % 2 === 0 ? 'same' : i}`, password }),
        ),
      );
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      // A request that is authenticated after the registration finds the guest's session ended.
      for (const answer of answers.filter(({ status }) => status !== 201)) {
        if (answer.status === 401) expectProblem(answer, 401, 'unauthorized');
        else expectProblem(answer, 409, 'already_registered');
      }
      const { body } = answers.find(({ status }) => status === 201)!;
      expect(body.user.id).toBe(eve.user.id);
      const me = await person(server.url, body.token, body.user).get('/auth/me');
      expect(me.body.user).toEqual(body.user);
      const { username } = body.user;
      expect((await eve.post('/auth/login', { username, password })).body.user).toEqual(body.user);
    }
  });
});
