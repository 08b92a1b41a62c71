import { beforeEach, describe, expect, it } from '@jest/globals';
import { RoomcastError } from '../src/errors.js';
import { Api } from '../src/http/api.js';
import type { RequestOptions } from '../src/http/request.js';
import { type TokenOption, TokenSource } from '../src/http/token-source.js';
import { FakeEnvironment } from './simulation/fake-environment.js';

const address = { origin: 'http://server', path: '' };
const lost = () => new RoomcastError('network', 'lost');
const answered = (status: number, code: string, retryAfter?: number) =>
  new RoomcastError(code, code, { status, retryAfter });

let environment: FakeEnvironment;
let requests: { method: string; path: string; options: RequestOptions }[];
/** What the next requests are answered with; an error is thrown. */
let answers: unknown[];
let api: Api;

function make(token: TokenOption = 'token'): void {
  environment = new FakeEnvironment(() => 0.5);
  requests = [];
  const send = (<T>(
    _address: unknown,
    method: string,
    path: string,
    options: RequestOptions = {},
  ): Promise<T> => {
    requests.push({ method, path, options });
    const answer = answers.shift();
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer as T);
  }) as ConstructorParameters<typeof Api>[4];
  api = new Api(address, new TokenSource(token), environment, 30_000, send);
  api.knowsKeys = true;
}
const keys = () => requests.map(({ options }) => options.headers?.['idempotency-key']);
/** The outcome of a promise after some time. */
async function outcome<T>(promise: Promise<T>, ms = 0): Promise<T | string> {
  const result = promise.catch((error: unknown) => (error as RoomcastError).code);
  await environment.advance(ms);
  return result;
}

beforeEach(() => make());

describe('a command', () => {
  it('has a key of its own', async () => {
    answers = [{}, {}];
    await api.command('POST', '/tracks/1/vote');
    await api.command('POST', '/tracks/1/vote');
    const [first, second] = keys();
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(second).not.toBe(first);
  });

  it('whose answer is lost is repeated with the same key', async () => {
    answers = [lost(), answered(503, 'draining'), { event: null }];
    expect(await outcome(api.command('POST', '/skip'), 5_000)).toEqual({ event: null });
    expect(requests).toHaveLength(3);
    expect(new Set(keys()).size).toBe(1);
  });

  it('that is refused is not repeated', async () => {
    answers = [answered(409, 'not_playing')];
    expect(await outcome(api.command('POST', '/skip'), 5_000)).toBe('not_playing');
    expect(requests).toHaveLength(1);
  });

  it('waits as long as the server asks for', async () => {
    answers = [answered(429, 'rate_limited', 7), {}];
    const result = api.command('POST', '/skip');
    await environment.advance(6_999);
    expect(requests).toHaveLength(1);
    await environment.advance(1);
    expect(requests).toHaveLength(2);
    await result;
  });

  it('ends with the last failure after 30 s', async () => {
    answers = Array.from({ length: 100 }, lost);
    expect(await outcome(api.command('POST', '/skip'), 30_000)).toBe('network');
    expect(environment.waiting).toBe(0);
  });

  it('is cancelled while it waits', async () => {
    answers = [lost()];
    const cancel = new AbortController();
    const result = outcome(api.command('POST', '/skip', { signal: cancel.signal }));
    await environment.advance(0);
    cancel.abort();
    expect(await result).toBe('aborted');
    expect(environment.waiting).toBe(0);
  });

  it('is repeated on a server that does not know keys only if that does no harm', async () => {
    api.knowsKeys = false;
    answers = [lost(), lost(), {}];
    expect(await outcome(api.command('POST', '/skip'), 5_000)).toBe('network');
    expect(await outcome(api.command('POST', '/vote', { repeatable: true }), 5_000)).toEqual({});
  });
});

describe('a token', () => {
  it('that is refused is replaced once, and the request repeated', async () => {
    let tokens = 0;
    make(() => `token ${(tokens += 1)}`);
    answers = [answered(401, 'unauthorized'), { ok: true }];
    expect(await outcome(api.get('/rooms'))).toEqual({ ok: true });
    expect(requests.map(({ options }) => options.token)).toEqual(['token 1', 'token 2']);
    answers = [answered(401, 'unauthorized'), answered(401, 'unauthorized')];
    expect(await outcome(api.get('/rooms'))).toBe('unauthorized');
  });

  it('is asked for once for all requests that need another one', async () => {
    let calls = 0;
    make(async () => {
      calls += 1;
      await Promise.resolve();
      return `token ${calls}`;
    });
    answers = [answered(401, 'unauthorized'), answered(401, 'unauthorized'), 1, 2];
    await Promise.all([api.get('/a'), api.get('/b')]);
    expect(calls).toBe(2);
    expect(requests.map(({ options }) => options.token)).toEqual([
      'token 1',
      'token 1',
      'token 2',
      'token 2',
    ]);
  });

  it('that is fixed cannot be replaced', async () => {
    answers = [answered(401, 'unauthorized')];
    expect(await outcome(api.get('/rooms'))).toBe('unauthorized');
    expect(requests).toHaveLength(1);
  });

  it('may be missing: the user is signed out', async () => {
    make(() => null);
    expect(await outcome(api.get('/rooms'))).toBe('unauthorized');
    expect(requests).toHaveLength(0);
  });
});
