import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { maxInProgress, maxWaiting } from '../src/auth/login-throttle.js';
import { rest } from '../src/contract/index.js';
import { expectAnswer, expectProblem } from './support/answers.js';
import { type Answer, guest } from './support/api.js';
import { type Client, clientAt } from './support/from-address.js';
import { eventually } from './support/listener.js';
import { startServer, type TestServer } from './support/server.js';

const password = 'correct horse battery staple';
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
/** The longest delay of a wrong password's answer is 12 s, shortened by up to a fifth. */
const shortestFullDelayMs = 9600;

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ RATE_LIMIT: 'on' });
});
afterAll(() => server.close());

const closeable: { close(): void }[] = [];
afterEach(() => {
  for (const one of closeable.splice(0)) one.close();
});
const at = (address: string, maxSockets?: number): Client => {
  const client = clientAt(server.url, address, maxSockets);
  closeable.push(client);
  return client;
};
const register = async (username: string): Promise<string> => {
  const answer = await at('127.0.0.1').post('/auth/register', { username, password });
  expectAnswer(answer, 201, rest.SignedIn);
  return answer.body.token;
};
const login = (client: Client, username: string, token?: string) =>
  client.post('/auth/login', { username, password }, token);

/**
 * Guesses in loops, each with one attempt at a time, until it is closed.
 * @param patienceMs after which a loop closes the connection of an attempt and begins another
 */
function guess(address: string, loops: number, nameOf: (loop: number) => string, patienceMs?: number) {
  const client = at(address, loops);
  const stop = new AbortController();
  const startedAt = performance.now();
  const attack = { wrong: 0, refused: 0, abandoned: 0, startedAt };
  const run = async (loop: number) => {
    for (let i = 0; !stop.signal.aborted; i += 1) {
      const signal = AbortSignal.any([
        stop.signal,
        ...(patienceMs === undefined ? [] : [AbortSignal.timeout(patienceMs)]),
      ]);
      const credentials = { username: nameOf(loop), password: `guess ${loop} ${i}` };
      const answer = await client.post('/auth/login', credentials, undefined, signal).catch(() => undefined);
      if (answer === undefined) attack.abandoned += 1;
      else if (answer.status === 401) attack.wrong += 1;
      else {
        expectProblem(answer, 429, 'rate_limited');
        attack.refused += 1;
        // The interval between two attempts of a refused loop; not a wait for a result.
        await delay(500);
      }
    }
  };
  const done = Promise.all(numbers(loops).map(run));
  closeable.push({ close: () => stop.abort() });
  const end = async () => {
    stop.abort();
    await done;
  };
  return { attack, end };
}

describe('60 loops that guess from one address', () => {
  it('do not delay the owner of the account, who signs in there for the first time; guesses are slow', async () => {
    await register('grace');
    const { attack, end } = guess('127.0.1.1', 60, () => 'grace');
    await eventually(() => attack.wrong >= 70, 'every loop to be delayed', 60_000);
    const before = attack.wrong;
    expectAnswer(await login(at('127.0.1.1'), 'grace'), 200, rest.SignedIn);
    // Had the sign-in waited for its turn behind the guesses, each loop would have been answered first.
    expect(attack.wrong - before).toBeLessThan(30);
    expectAnswer(await login(at('127.0.1.2'), 'grace'), 200, rest.SignedIn);
    const rounds = (performance.now() - attack.startedAt) / shortestFullDelayMs;
    // The first ten are answered sooner.
    expect(attack.wrong).toBeLessThanOrEqual(10 + maxInProgress * (rounds + 1));
    expect(attack.refused).toBe(0);
    await end();
  }, 90_000);

  it('and close each connection after a second do not keep the owner out', async () => {
    await register('hedy');
    const { attack, end } = guess('127.0.2.1', 60, () => 'hedy', 1000);
    await eventually(() => attack.abandoned >= 3 * maxInProgress, 'attempts that their clients left', 60_000);
    expectAnswer(await login(at('127.0.2.1'), 'hedy'), 200, rest.SignedIn);
    expect(attack.refused).toBe(0);
    await end();
  }, 90_000);

  it('the passwords of as many accounts do not keep other users out; guesses are slow', async () => {
    await register('mary');
    const { attack, end } = guess('127.0.3.1', 60, (loop) => `nobody ${loop}`);
    await eventually(() => attack.wrong >= 170, 'the address to be beyond its free failures', 60_000);
    expectAnswer(await login(at('127.0.3.1'), 'mary'), 200, rest.SignedIn);
    const rounds = (performance.now() - attack.startedAt) / shortestFullDelayMs;
    // From the 160th on, every answer has the full delay.
    expect(attack.wrong).toBeLessThanOrEqual(160 + maxInProgress * (rounds + 1));
    await end();
  }, 90_000);
});

it('more loops than may wait are refused; the owner signs in with a token of an earlier session, also a revoked one', async () => {
  const [earlier, other] = [await register('emmy'), await register('lise')];
  const { attack, end } = guess('127.0.4.1', maxInProgress + maxWaiting + 20, () => 'emmy');
  await eventually(() => attack.refused >= 20, 'refused attempts', 60_000);
  const owner = at('127.0.4.1');
  /** Without a valid token, the owner waits like everyone else if a place happens to be free. */
  const refusal = async (token?: string): Promise<Answer> => {
    for (;;) {
      const answer = await login(owner, 'emmy', token);
      if (answer.status !== 200) return answer;
    }
  };
  for (const token of [undefined, other, `${earlier}x`]) {
    const refused = await refusal(token);
    expectProblem(refused, 429, 'rate_limited');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  }
  expectAnswer(await login(owner, 'emmy', earlier), 200, rest.SignedIn);
  expect((await owner.post('/auth/logout', {}, earlier)).status).toBe(200);
  expectAnswer(await login(owner, 'emmy', earlier), 200, rest.SignedIn);
  await end();
}, 90_000);

it('one account with many sessions does not keep others from signing in', async () => {
  await register('ida');
  const attacker = at('127.0.7.1', 200);
  const first = await register('mallory');
  const tokens = [first];
  const signIns = await Promise.all(numbers(150).map(() => login(attacker, 'mallory', first)));
  for (const { status, body } of signIns) if (status === 200) tokens.push(body.token);
  expect(tokens.length).toBeGreaterThan(100);
  const stop = new AbortController();
  let attempts = 0;
  const loops = tokens.map(async (token) => {
    while (!stop.signal.aborted) {
      await login(attacker, 'mallory', token);
      attempts += 1;
    }
  });
  closeable.push({ close: () => stop.abort() });
  for (const address of ['127.0.7.2', '127.0.7.1']) {
    const before = attempts;
    await eventually(() => attempts > before + 50, 'sign-ins of the attacker');
    for (const _ of numbers(5)) expectAnswer(await login(at(address), 'ida'), 200, rest.SignedIn);
  }
  stop.abort();
  await Promise.all(loops);
}, 90_000);

it('a token of an earlier session works for sign-ins from an address that has used up its requests', async () => {
  const earlier = await register('ada');
  const owner = at('127.0.5.1', 50);
  let refused = 0;
  while (refused === 0) {
    const answers = await Promise.all(numbers(50).map(() => owner.post('/auth/login', {})));
    refused += answers.filter(({ status }) => status === 429).length;
  }
  expectProblem(await login(owner, 'ada'), 429, 'rate_limited');
  expectAnswer(await login(owner, 'ada', earlier), 200, rest.SignedIn);
});

it('waiting and delayed attempts do not hold up the stop of the server', async () => {
  const own = await startServer({ RATE_LIMIT: 'on' });
  const eve = await guest(own.url, 'eve');
  const attacker = clientAt(own.url, '127.0.6.1', 100);
  const credentials = { username: 'eve', password: 'wrong' };
  let answered = 0;
  const attempts = numbers(100).map((i) =>
    attacker.post('/auth/login', { ...credentials, password: `wrong ${i}` }).then((answer) => {
      answered += 1;
      return answer;
    }),
  );
  await eventually(() => answered >= 5, 'the first answers');
  expect((await eve.get('/auth/me')).status).toBe(200);
  await own.close();
  const answers = await Promise.all(attempts);
  for (const answer of answers.filter(({ status }) => status !== 401)) {
    expectProblem(answer, 503, 'draining');
  }
  expect(answers.filter(({ status }) => status === 503).length).toBeGreaterThan(50);
  attacker.close();
}, 60_000);
