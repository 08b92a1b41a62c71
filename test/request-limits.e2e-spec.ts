import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ExpensiveReads, maxWaitingPerUser } from '../src/limits/expensive-reads.js';
import { maxRefusals, Refusals } from '../src/limits/refusals.js';
import { maxInFlight } from '../src/operations/limits/pipelines.js';
import { drainMs, RequestBodies } from '../src/operations/limits/request-bodies.js';
import type { Room } from '../src/contract/index.js';
import { expectProblem } from './support/answers.js';
import { guest, type Person, request, roomOf } from './support/api.js';
import { eventually, listen } from './support/listener.js';
import { raiser } from './support/raise.js';
import { bearer, head, RawConnection } from './support/raw-http.js';
import { spawnServer, startServer, temporaryFolder, type TestServer } from './support/server.js';

const nowhere = '0192f0c1-0000-7000-8000-000000000000';
const limited = { RATE_LIMIT: 'on' };

let server: TestServer;
let ada: Person;
let bob: Person;
let room: Room;
beforeAll(async () => {
  server = await startServer(limited);
  [ada, bob] = [await guest(server.url, 'ada'), await guest(server.url, 'bob')];
  room = await roomOf(ada, [bob]);
});
afterAll(() => server.close());

const readerOf = ({ user }: Person, address = '127.0.0.1') => ({ userId: user.id, address });
const retryAfter = (headers: Headers) => Number(headers.get('retry-after'));

describe('requests that wait to begin', () => {
  it("of a few users on many connections delay another user's by a few requests, not by all of them", async () => {
    // Without request limits: what is tested is the order.
    const open = await startServer();
    const flooders = await Promise.all([1, 2, 3].map((n) => guest(open.url, `flooder ${n}`)));
    const eve = await guest(open.url, 'eve');
    const connect = async (person: Person) => {
      const connection = await new RawConnection(open.url).open();
      const ask = () => connection.send(head('GET', '/api/auth/me', bearer(person)));
      ask();
      await connection.answers(1);
      return { connection, ask };
    };
    const flood = await Promise.all(Array.from({ length: 300 }, (_, i) => connect(flooders[i % 3]!)));
    const own = await connect(eve);
    let before = Infinity;
    const answered = () => flood.filter(({ connection }) => connection.statuses.length > 1).length;
    own.connection.socket.once('data', () => (before = answered()));
    for (const { ask } of flood) ask();
    own.ask();
    await own.connection.answers(2);
    await eventually(() => answered() === flood.length, 'the answers to the flood');
    expect(before).toBeLessThan(flood.length / 2);
    for (const { connection } of [...flood, own]) connection.destroy();
    await open.close();
  });
});

describe('expensive reads', () => {
  it("beyond a user's queue are refused with Retry-After; those of another user are answered", async () => {
    let end = () => undefined as void;
    const held = server.app
      .get(ExpensiveReads)
      .run(readerOf(ada), () => new Promise<void>((resolve) => (end = resolve)));
    const flood = Array.from({ length: maxWaitingPerUser + 1 }, () => ada.get(`/rooms/${room.id}`));
    const refused = await Promise.race(flood);
    expectProblem(refused, 429, 'rate_limited');
    expect(retryAfter(refused.headers)).toBeGreaterThanOrEqual(1);
    expect((await bob.get(`/rooms/${room.id}`)).status).toBe(200);
    end();
    await held;
    const statuses = (await Promise.all(flood)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([...Array<number>(maxWaitingPerUser).fill(200), 429]);
  });

  it('are answered, and sockets connect, while other users keep the queue full, also those of the same address', async () => {
    const reads = server.app.get(ExpensiveReads);
    let attacking = true;
    const flood = async (userId: string, address: string) => {
      while (attacking) {
        const read = reads.run({ userId, address }, () => new Promise((resolve) => setImmediate(resolve)));
        await read.catch(() => delay(200));
      }
    };
    const attack = ['127.0.0.1', '192.0.2.1'].flatMap((address) =>
      Array.from({ length: 70 * (maxWaitingPerUser + 1) }, (_, i) => flood(`${address} ${i % 70}`, address)),
    );
    for (let i = 0; i < 5; i += 1) {
      expect((await bob.get(`/rooms/${room.id}`)).status).toBe(200);
      const listener = await listen(server.url, bob, room.id);
      expect(listener.ofType('connection_established')).toHaveLength(1);
      listener.close();
    }
    attacking = false;
    await Promise.all(attack);
  });

  it("cost several points of a user's request limit; beyond it all of the user's requests are refused early", async () => {
    const cyd = await guest(server.url, 'cyd');
    await cyd.post(`/rooms/${room.id}/join`);
    let answer = await cyd.get(`/rooms/${room.id}`);
    let count = 1;
    for (; answer.status === 200 && count < 1500; count += 1) answer = await cyd.get(`/rooms/${room.id}`);
    expectProblem(answer, 429, 'rate_limited');
    expect(retryAfter(answer.headers)).toBeLessThanOrEqual(10);
    // Answered by the gate: what goes through the logger has an id.
    const early = await cyd.get('/rooms');
    expectProblem(early, 429, 'rate_limited');
    expect([answer, early].map(({ headers }) => headers.has('x-request-id'))).toEqual([true, false]);
    expect((await bob.get('/rooms')).status).toBe(200);
  });

  it('of the log return pages of bounded size without a gap, over REST and over sockets', async () => {
    const large = await roomOf(ada);
    await raiser(server, ada, large.id).critical(150, 'x'.repeat(10_000));
    const listener = await listen(server.url, ada, large.id);
    const sources = [
      async (after: number) => {
        const { status, body } = await ada.get(`/rooms/${large.id}/events?limit=1000&after=${after}`);
        expect(status).toBe(200);
        return body;
      },
      (after: number) => listener.ask('replay', { after_sequence: after, limit: 1000 }),
    ];
    for (const source of sources) {
      const sequences: number[] = [];
      let pages = 0;
      for (let more = true; more;) {
        const page = await source(sequences.at(-1) ?? 0);
        expect(JSON.stringify(page).length).toBeLessThan(600 * 1024);
        sequences.push(...page.events.map(({ metadata }: any) => metadata.sequence));
        more = page.more;
        pages += 1;
      }
      expect(pages).toBeGreaterThan(2);
      // At least: connecting is an event too.
      expect(sequences.length).toBeGreaterThanOrEqual(151);
      expect(sequences).toEqual(sequences.map((_, index) => index + 1));
    }
    listener.close();
  });
});

describe('requests of one connection', () => {
  it(`are answered in order if ${maxInFlight} are pipelined`, async () => {
    const connection = new RawConnection(server.url);
    connection.send(head('GET', '/api/time').repeat(maxInFlight));
    await connection.answers(maxInFlight);
    expect(connection.statuses).toEqual(Array<number>(maxInFlight).fill(200));
    expect(connection.isClosed).toBe(false);
    connection.destroy();
  });

  it('beyond that are answered with one 429, and the connection is closed; other connections are served', async () => {
    const connection = new RawConnection(server.url);
    const http = server.app.getHttpServer();
    let parsed = 0;
    const count = ({ url }: IncomingMessage) => (parsed += url!.endsWith('=1000') ? 1 : 0);
    http.on('request', count);
    connection.send(head('GET', `/api/rooms/${room.id}/events?limit=1000`, bearer(ada)).repeat(2000));
    for (let i = 0; i < 5; i += 1) expect((await request(server.url, 'GET', '/time')).status).toBe(200);
    await connection.closed();
    http.off('request', count);
    // Nothing is read beyond the block in which the limit was exceeded.
    expect(parsed).toBeGreaterThan(maxInFlight);
    expect(parsed).toBeLessThan(1000);
    expect(connection.statuses.length).toBeLessThanOrEqual(maxInFlight + 1);
    expect(connection.statuses.at(-1)).toBe(429);
    expect(connection.body).toMatchObject({ error: { code: 'rate_limited' } });
    expect(connection.text.slice(connection.text.lastIndexOf('HTTP/1.1'))).toMatch(/^connection: close\r$/im);
  });

  it('beyond that close the connection at once if one of them is running', async () => {
    const reads = server.app.get(ExpensiveReads);
    let end = () => undefined as void;
    const held = reads.run(readerOf(bob), () => new Promise<void>((resolve) => (end = resolve)), {
      pauses: false,
    });
    const connection = new RawConnection(server.url);
    let begun = false;
    server.app.getHttpServer().once('request', () => (begun = true));
    connection.send(head('GET', `/api/rooms/${room.id}`, bearer(bob)));
    await eventually(() => begun, 'the request to begin');
    connection.send('GET / HTTP/1.1\r\nHost:\r\n\r\n'.repeat(2600));
    await connection.closed();
    expect(connection.statuses).toEqual([]);
    end();
    await held;
  });

  it('with an expectation are limited too; 100-continue is answered in turn', async () => {
    const connection = new RawConnection(server.url);
    connection.send('GET / HTTP/1.1\r\nHost:\r\nExpect: x\r\n\r\n'.repeat(2600));
    await connection.closed();
    expect(connection.statuses).toEqual([429]);
    const single = new RawConnection(server.url);
    single.send(head('GET', '/api/time', 'Expect: x'));
    await single.closed();
    expect(single.statuses).toEqual([400]);
    expect(single.body).toMatchObject({ error: { code: 'malformed' } });
    const body = '{"username":"expecting"}';
    const expecting = new RawConnection(server.url);
    const headers = [
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      'Expect: 100-continue',
    ];
    expecting.send(head('POST', '/api/auth/guest', ...headers));
    await expecting.answers(1);
    expecting.send(body);
    await expecting.answers(2);
    expect(expecting.statuses).toEqual([100, 201]);
    expecting.destroy();
  });

  it('have their responses closed when the connection is lost, also those behind an unfinished one', async () => {
    const [http, reads] = [server.app.getHttpServer(), server.app.get(ExpensiveReads)];
    let [begun, closed] = [0, 0];
    const count = (_: IncomingMessage, response: ServerResponse) => {
      begun += 1;
      response.once('close', () => (closed += 1));
    };
    http.on('request', count);
    let end = () => undefined as void;
    const held = reads.run(readerOf(ada), () => new Promise<void>((resolve) => (end = resolve)));
    const connection = new RawConnection(server.url);
    connection.send(head('GET', `/api/rooms/${room.id}`, bearer(ada)) + head('GET', '/api/time').repeat(2));
    await eventually(() => begun === 3, 'the requests to begin');
    connection.destroy();
    await eventually(() => closed === 3, 'their responses to close');
    http.off('request', count);
    end();
    await held;
  });
});

describe('callers with many refused requests', () => {
  let own: TestServer;
  let eve: Person;
  beforeAll(async () => {
    own = await startServer({ ...limited, TRUST_PROXY: '1' });
    eve = await guest(own.url, 'eve');
  });
  afterAll(() => own.close());

  const from = (address: string, path: string, headers = {}) =>
    request(own.url, 'GET', path, { headers: { 'x-forwarded-for': address, ...headers } });
  /** Uses up all but one of a caller's allowed refusals, so that the window does not end during the test. */
  const useUp = (caller: string) => {
    for (let i = 1; i < maxRefusals; i += 1) own.app.get(Refusals).count(caller);
  };

  it.each([
    ['without a token', '192.0.2.1', '/rooms', 401],
    ['on unknown paths', '192.0.2.2', '/nothing', 404],
    ['on paths that cannot be decoded', '192.0.2.3', '/rooms/%zz', 400],
  ])('%s are blocked by address; requests with a token are served', async (_, address, path, status) => {
    useUp(address);
    expect((await from(address, path)).status).toBe(status);
    const answer = await from(address, path);
    expectProblem(answer, 429, 'rate_limited');
    expect(retryAfter(answer.headers)).toBeGreaterThanOrEqual(1);
    expect(retryAfter(answer.headers)).toBeLessThanOrEqual(10);
    expectProblem(await from(address, '/time'), 429, 'rate_limited');
    expect((await from('192.0.2.9', '/time')).status).toBe(200);
    expect((await fetch(`${own.url}/health/live`, { headers: { 'x-forwarded-for': address } })).status).toBe(
      200,
    );

    const authorization = `Bearer ${eve.token}`;
    expect((await from(address, '/rooms', { authorization })).status).toBe(200);
    const { body } = await eve.post('/auth/media-token');
    const stream = await from(address, `/tracks/${nowhere}/stream?media_token=${body.media_token}`);
    expectProblem(stream, 404, 'track_not_found');
    const forged = await from(address, '/rooms', { authorization: `${authorization}x` });
    expectProblem(forged, 429, 'rate_limited');
  });

  it('with a revoked token, or a token of another use, do not block its user', async () => {
    const old = await guest(own.url, 'gwen');
    const credentials = { username: 'gwen', password: 'a password of some length' };
    const { status, body } = await old.post('/auth/register', credentials);
    expect(status).toBe(201);
    const authorization = `Bearer ${body.token}`;
    const now = (path: string) => from('192.0.2.20', path, { authorization });
    const { body: media } = await request(own.url, 'POST', '/auth/media-token', {
      headers: { authorization },
    });
    const attacks = [
      () => from('192.0.2.21', '/auth/me', { authorization: `Bearer ${old.token}` }),
      () => from('192.0.2.22', `/auth/me?media_token=${media.media_token}`),
    ];
    for (const attack of attacks) {
      const statuses = new Set<number>();
      for (let i = 0; i <= maxRefusals; i += 1) statuses.add((await attack()).status);
      expect([...statuses]).toEqual([401, 429]);
    }
    expect((await now('/auth/me')).status).toBe(200);
    const stream = await from('192.0.2.22', `/tracks/${nowhere}/stream?media_token=${media.media_token}`);
    expectProblem(stream, 429, 'rate_limited');
  });

  it('on paths that only begin like health or metrics are blocked too', async () => {
    useUp('192.0.2.30');
    const statusOf = async (path: string) =>
      (await fetch(`${own.url}${path}`, { headers: { 'x-forwarded-for': '192.0.2.30' } })).status;
    expect([await statusOf('/health/nothing'), await statusOf('/metrics/x')]).toEqual([404, 429]);
    expect([await statusOf('/health/live'), await statusOf('/metrics')]).toEqual([200, 200]);
  });

  it('with a token are blocked by user', async () => {
    const [mallory, fay] = [await guest(own.url, 'mallory'), await guest(own.url, 'fay')];
    useUp(`user:${mallory.user.id}`);
    expectProblem(await mallory.get(`/tracks/${nowhere}/metadata`), 404, 'track_not_found');
    expectProblem(await mallory.get(`/tracks/${nowhere}/metadata`), 429, 'rate_limited');
    expect((await fay.get('/rooms')).status).toBe(200);
    expect((await request(own.url, 'GET', '/time')).status).toBe(200);
  });

  it('have their new connections read later than the requests on their existing ones', async () => {
    const plain = await startServer(limited);
    const ivy = await guest(plain.url, 'ivy');
    const existing = new RawConnection(plain.url);
    existing.send(head('GET', '/api/time', bearer(ivy)));
    await existing.answers(1);
    for (let i = 0; i < maxRefusals; i += 1) plain.app.get(Refusals).count('127.0.0.1');
    const later = new RawConnection(plain.url);
    later.send(head('GET', '/api/time', bearer(ivy)));
    for (let i = 2; i <= 20; i += 1) {
      existing.send(head('GET', '/api/time', bearer(ivy)));
      await existing.answers(i);
    }
    expect(later.statuses).toEqual([]);
    await later.answers(1);
    expect([...new Set([...existing.statuses, ...later.statuses])]).toEqual([200]);
    existing.destroy();
    later.destroy();
    await plain.close();
  });

  it('are logged with a line per request up to the limit, and then in one line with the number', async () => {
    const child = await spawnServer({ DATA_DIR: await temporaryFolder(), ...limited });
    const requests = 1000;
    // At once, because each new connection of a blocked address waits.
    await Promise.all(Array.from({ length: requests }, () => request(child.url, 'GET', '/rooms')));
    await child.end('SIGTERM');
    const lines = child
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
    const single = lines.filter(({ req }) => req !== undefined).length;
    const reports = lines.filter(({ caller }) => caller === '127.0.0.1');
    const sum = reports.reduce((total, report) => total + report.requests, 0);
    expect(reports.length).toBeGreaterThanOrEqual(1);
    expect(reports.length).toBeLessThanOrEqual(2);
    expect(single + sum).toBe(requests);
    expect(sum).toBeGreaterThan(0);
  });
});

const json = (path: string, length: number) =>
  head('POST', path, 'Content-Type: application/json', `Content-Length: ${length}`);

describe('a body', () => {
  it('that is still arriving when the request is answered is read for at most 10 s', async () => {
    const connection = new RawConnection(server.url);
    connection.send(head('POST', '/api/nothing', 'Content-Type: text/plain', 'Content-Length: 100000'));
    await connection.answers(1);
    expect(connection.statuses).toEqual([415]);
    const bodies = server.app.get(RequestBodies);
    bodies.sweep(performance.now());
    bodies.sweep(performance.now() + drainMs - 1000);
    connection.send('more');
    expect((await request(server.url, 'GET', '/time')).status).toBe(200);
    expect(connection.isClosed).toBe(false);
    bodies.sweep(performance.now() + drainMs + 1000);
    await connection.closed(1000);
  });
});

describe('in real time, because there is no fake clock for it, after 10 s', () => {
  const late: RawConnection[] = [];
  beforeAll(() => {
    late.push(new RawConnection(server.url), new RawConnection(server.url));
    late[0]!.send(`${json('/api/auth/guest', 30)}{"user`);
    late[1]!.send('GET /api/time HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
  });

  it.each(['a JSON body', 'headers'])(
    '%s that did not arrive is answered with 408 in the error format, and the connection is closed',
    async (what) => {
      const connection = late[what === 'headers' ? 1 : 0]!;
      await connection.closed(20_000);
      expect(connection.statuses).toEqual([408]);
      expect(connection.body).toMatchObject({ error: { code: 'request_timeout' } });
    },
  );
});

describe('malformed HTTP and unsupported upgrades', () => {
  const answerTo = async (text: string) => {
    const connection = new RawConnection(server.url);
    connection.send(text);
    await connection.closed();
    return { status: connection.statuses, code: connection.body.error.code };
  };

  it.each([
    ['h2c', '/api/time', 400, 'malformed'],
    ['h2c', '/socket.io/?EIO=4&transport=websocket', 400, 'malformed'],
    ['websocket', '/elsewhere', 404, 'not_found'],
  ])('an upgrade to %s at %s is answered with %d', async (to, path, status, code) => {
    const text = head(
      'GET',
      path,
      `Upgrade: ${to}`,
      'Connection: Upgrade, HTTP2-Settings',
      'HTTP2-Settings: AA',
    );
    expect(await answerTo(text)).toEqual({ status: [status], code });
  });

  it.each([
    ['garbage', 'garbage\r\n\r\n'],
    ['two lengths', head('POST', '/api/auth/guest', 'Content-Length: 2', 'Content-Length: 3') + '{}'],
    [
      'a length beside chunks',
      head('POST', '/api/time', 'Content-Length: 2', 'Transfer-Encoding: chunked') + '0\r\n\r\n',
    ],
    ['an unknown encoding', head('POST', '/api/time', 'Transfer-Encoding: chunked, identity') + '0\r\n\r\n'],
    [
      'a folded header',
      'GET /api/time HTTP/1.1\r\nHost: a\r\nX-A: b\r\n folded\r\nContent-Length : 0\r\n\r\n',
    ],
  ])('%s is refused as malformed', async (_, text) => {
    expect(await answerTo(text)).toEqual({ status: [400], code: 'malformed' });
  });

  it('headers that are too large are refused', async () => {
    const text = head('GET', '/api/time', `X-Large: ${'x'.repeat(20_000)}`);
    expect(await answerTo(text)).toEqual({ status: [413], code: 'payload_too_large' });
  });
});

it('500 listeners behind one address sign in, join and read the room, and none is refused', async () => {
  const crowd = await roomOf(ada);
  const statuses = await Promise.all(
    Array.from({ length: 500 }, async (_, index) => {
      const person = await guest(server.url, `listener ${index}`);
      const joined = await person.post(`/rooms/${crowd.id}/join`);
      return [joined.status, (await person.get(`/rooms/${crowd.id}`)).status];
    }),
  );
  expect(new Set(statuses.flat())).toEqual(new Set([200]));
}, 120_000);
