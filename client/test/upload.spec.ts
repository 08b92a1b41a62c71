import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RoomcastError } from '../src/errors.js';
import { Api } from '../src/http/api.js';
import { TokenSource } from '../src/http/token-source.js';
import { upload } from '../src/http/upload.js';
import { FakeEnvironment } from './simulation/fake-environment.js';

/** What browsers have, as far as the library uses it. Node has no XMLHttpRequest. */
class FakeXhr {
  static all: FakeXhr[] = [];
  upload: { onprogress?: (event: { loaded: number; total: number }) => void } = {};
  onload?: () => void;
  onerror?: (event: unknown) => void;
  onabort?: (event: unknown) => void;
  onloadend?: () => void;
  status = 0;
  responseText = '';
  headers: Record<string, string> = {};
  form: FormData | undefined;
  opened = '';

  constructor() {
    FakeXhr.all.push(this);
  }

  open(method: string, url: string): void {
    this.opened = `${method} ${url}`;
  }

  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value;
  }

  getResponseHeader(): null {
    return null;
  }

  send(form: FormData): void {
    this.form = form;
  }

  abort(): void {
    this.onabort?.({});
    this.onloadend?.();
  }

  answer(status: number, body: object): void {
    this.status = status;
    this.responseText = JSON.stringify(body);
    this.onload?.();
    this.onloadend?.();
  }
}

let environment: FakeEnvironment;
let api: Api;
const track = { id: '1' };
const file = new Blob([new Uint8Array(1000)]);
const global = globalThis as { XMLHttpRequest?: unknown };

beforeEach(() => {
  FakeXhr.all = [];
  global.XMLHttpRequest = FakeXhr;
  environment = new FakeEnvironment(() => 0.5);
  let tokens = 0;
  const source = new TokenSource(() => `token ${(tokens += 1)}`);
  api = new Api({ origin: 'http://server', path: '/music' }, source, environment, 30_000);
  api.knowsKeys = true;
});
afterEach(() => {
  delete global.XMLHttpRequest;
});

const start = (signal = new AbortController().signal) => upload(api, 'room', file, 'song.mp3', signal);
const codeOf = (promise: Promise<unknown>) => promise.catch((error: RoomcastError) => error.code);

describe('an upload in a browser', () => {
  it('tells how much was sent', async () => {
    const { progress, done } = start();
    const seen: number[] = [];
    progress.subscribe(() => seen.push(progress.current.sent));
    await environment.advance(0);
    const [xhr] = FakeXhr.all;
    expect(xhr!.opened).toBe('POST http://server/music/api/rooms/room/tracks');
    expect(xhr!.headers['authorization']).toBe('Bearer token 1');
    expect((xhr!.form!.get('audio_file') as File).name).toBe('song.mp3');
    xhr!.upload.onprogress!({ loaded: 300, total: 1200 });
    xhr!.upload.onprogress!({ loaded: 1200, total: 1200 });
    xhr!.answer(201, { track });
    expect(await done).toEqual(track);
    expect(seen).toEqual([250, 1000]);
  });

  it('is sent again with the same key when its answer is lost, and with another token when that is refused', async () => {
    const { done } = start();
    await environment.advance(0);
    FakeXhr.all[0]!.onerror!({});
    await environment.advance(1_000);
    FakeXhr.all[1]!.answer(401, { error: { code: 'unauthorized', message: '' } });
    await environment.advance(0);
    FakeXhr.all[2]!.answer(201, { track });
    await done;
    expect(new Set(FakeXhr.all.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(FakeXhr.all.map(({ headers }) => headers['authorization'])).toEqual([
      'Bearer token 1',
      'Bearer token 1',
      'Bearer token 2',
    ]);
  });

  it('fails with the code of the server', async () => {
    const { done } = start();
    const code = codeOf(done);
    await environment.advance(0);
    FakeXhr.all[0]!.answer(422, { error: { code: 'unreadable_audio', message: 'no' } });
    expect(await code).toBe('unreadable_audio');
  });

  it.each(['cancel', 'signal'])('can be cancelled: %s', async (how) => {
    const abort = new AbortController();
    const { done, cancel } = start(abort.signal);
    const code = codeOf(done);
    await environment.advance(0);
    if (how === 'cancel') cancel();
    else abort.abort();
    expect(await code).toBe('aborted');
    expect(FakeXhr.all).toHaveLength(1);
  });
});
