import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import { rm } from 'node:fs/promises';
import fc from 'fast-check';
import WebSocket from 'ws';
import { expectProblem } from './support/answers.js';
import { guest, type Person, person, request, roomOf } from './support/api.js';
import { wav } from './support/audio.js';
import { eventually, listen, Listener, listenToLobby } from './support/listener.js';
import { type ServerProcess, spawnServer, startServer, temporaryFolder } from './support/server.js';

const inputs = 200;
/** Nothing that is malformed may take longer than this to refuse, in milliseconds. */
const limit = 10_000;
const nowhere = '0192f0c1-0000-7000-8000-000000000000';

interface Route {
  method: string;
  path: string;
}

const routes: Route[] = await routesOfTheDocument();
let server: ServerProcess;
let folder: string;
// One connection for each request: an idle one may be closed just as the next is sent.
const agent = new Agent({ keepAlive: false });
beforeAll(async () => {
  folder = await temporaryFolder();
  server = await spawnServer({ DATA_DIR: folder });
}, 120_000);
afterAll(async () => {
  agent.destroy();
  await server.end('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** From the server's own OpenAPI document. */
async function routesOfTheDocument(): Promise<Route[]> {
  const described = await startServer();
  try {
    const document = (await (await fetch(`${described.url}/api/openapi.json`)).json()) as {
      paths: Record<string, Record<string, unknown>>;
    };
    return Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
    );
  } finally {
    await described.close();
  }
}

/** Someone who administers a room with tracks. */
interface Scene {
  who: Person;
  ids: string[];
}

async function scene(): Promise<Scene> {
  const who = await guest(server.url, 'ada');
  const other = await guest(server.url, 'bob');
  const room = await roomOf(who, [other]);
  const ids = [room.id, other.user.id];
  for (const seconds of [60, 1]) {
    ids.push((await who.upload(room.id, wav(seconds), 'song.wav')).body.track.id);
  }
  const { body } = await who.get(`/rooms/${room.id}/events`);
  return { who, ids: [...ids, body.events[0].event_id] };
}

// Common errors, in addition to random input.
const nastyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    '\udc00x',
    '\u202e',
    'null',
    '-1',
    '1e999',
    '9'.repeat(400),
    nowhere,
  ),
  fc.constantFrom(
    '__proto__',
    'constructor',
    '../../etc/passwd',
    "' OR 1=1 --",
    '{{7*7}}',
    'x'.repeat(10_000),
    '[object Object]',
  ),
);
const nastyNumber = fc.oneof(
  fc.double(),
  fc.constantFrom(-1, -0, 0, 0.1, 2 ** 31, 2 ** 53, 2 ** 63, 1e308, -1e308, Number.MIN_VALUE),
);
const fields = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      'username',
      'password',
      'name',
      'visibility',
      'settings',
      'invite',
      'track_id',
      'queue_position',
      'position',
      'after_sequence',
      'limit',
      'drift',
      'round_trip',
      'buffered',
      'playback_control',
      'upload',
      'vote',
      'skip_vote_share',
      'max_tracks_per_user',
      'fair_turns',
      'repeat',
      'reaction',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '__proto__',
      'constructor',
      'prototype',
      'toString',
      'then',
      'length',
      'toJSON',
      'event',
      'data',
      '',
    ),
  },
  { weight: 1, arbitrary: fc.string() },
);
const nested = fc
  .tuple(
    fc.constantFrom('[', '{"a":', '{"settings":', '{"name":['),
    fc.oneof(fc.integer({ min: 2, max: 40 }), fc.integer({ min: 41, max: 6000 })),
  )
  .map(([open, depth]) => {
    const close = open
      .replace(/[^[{]/g, '')
      .split('')
      .reverse()
      .map((c) => (c === '[' ? ']' : '}'))
      .join('');
    return open.repeat(depth) + '1' + close.repeat(depth);
  })
  .filter((text) => text.length < 180_000);
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: nastyText },
  { weight: 3, arbitrary: nastyNumber },
  { weight: 1, arbitrary: fc.constantFrom(null, true, false, [], {}, [[]], [null]) },
  { weight: 2, arbitrary: fc.jsonValue() },
);
const likely = fc.array(fc.tuple(fields, value), { maxLength: 6 }).map((entries) => {
  // As JSON.parse makes it: `__proto__` is a field like any other.
  const text = entries
    .map(([key, held]) => `${JSON.stringify(key)}:${JSON.stringify(held) ?? 'null'}`)
    .join(',');
  return `{${text}}`;
});

/** A body and its declared type. */
const body = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('application/json'), bytes: likely.map(Buffer.from) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('application/json'),
      bytes: value.map((held) => Buffer.from(JSON.stringify(held) ?? '')),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('application/json'), bytes: nested.map(Buffer.from) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom(
        'application/json',
        'application/json; charset=utf-16',
        'application/json; charset=nonsense',
        'application/vnd.api+json',
        'text/plain',
        'application/x-www-form-urlencoded',
        'application/xml',
        'rubbish',
        ';;;',
        'multipart/form-data',
        'multipart/form-data; boundary=x',
        'multipart/form-data; boundary=',
        'multipart/mixed; boundary=x',
      ),
      bytes: fc.oneof(
        likely.map(Buffer.from),
        nastyText.map(Buffer.from),
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        likely.map((text) => Buffer.from(text.slice(0, -1))),
        fc.constant(Buffer.alloc(70_000, '{')),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom('audio_file', 'file', '', '__proto__', 'audio_file[0]', 'x'.repeat(5000)),
        fc.constantFrom(
          'song.wav',
          '',
          '../x.wav',
          '\\..\\x',
          '.',
          'a"b',
          'x'.repeat(2000) + '.mp3',
          'ü\u202e.wav',
          '%00.wav',
        ),
        fc.constantFrom(
          wav(0.1),
          Buffer.alloc(0),
          Buffer.from('ID3'),
          Buffer.from('RIFF'),
          Buffer.from('fLaC'),
          Buffer.from('OggS'),
          Buffer.alloc(2000, 255),
          wav(0.2).subarray(0, 60),
        ),
        fc.constantFrom(
          '\r\n--x--\r\n',
          '\r\n--x',
          '',
          '\r\n--x\r\nContent-Disposition: form-data; name="audio_file"; filename="b.wav"\r\n\r\nzz\r\n--x--\r\n',
          '\r\n--y--',
        ),
      )
      .map(([field, name, bytes, end]) => ({
        type: 'multipart/form-data; boundary=x',
        bytes: Buffer.concat([
          Buffer.from(
            `--x\r\nContent-Disposition: form-data; name="${field}"; filename="${name}"\r\nContent-Type: audio/wav\r\n\r\n`,
          ),
          bytes,
          Buffer.from(end),
        ]),
      })),
  },
  { weight: 1, arbitrary: fc.constant(undefined) },
);

// What Node accepts in a request line and in headers.
const pathText = fc.oneof(
  fc.constantFrom(
    '%',
    '%zz',
    '%00',
    '%ff',
    '%c0%af',
    '%ud800',
    '..',
    '%2e%2e',
    '%2f',
    '..%2f..%2fetc',
    'no-uuid',
    nowhere,
    nowhere.toUpperCase(),
    `${nowhere}x`,
    nowhere.slice(1),
    '00000000-0000-0000-0000-000000000000',
    '%7b',
    ';',
    'x'.repeat(3000),
    '0',
    'null',
    '__proto__',
  ),
  fc.string({
    unit: fc
      .integer({ min: 0x21, max: 0x7e })
      .map((code) => String.fromCharCode(code))
      .filter((c) => c !== '#'),
    maxLength: 40,
  }),
);
const headerText = fc.oneof(
  fc.string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .map((code) => String.fromCharCode(code === 0x7f ? 0x20 : code)),
    maxLength: 60,
  }),
  fc.constantFrom(
    '',
    'Bearer',
    'Bearer ',
    'bearer x',
    'Bearer a b',
    'Basic YTpi',
    `Bearer ${'x'.repeat(4000)}`,
    'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.',
    'bytes=',
    'bytes=0-0',
    'bytes=5-1',
    'bytes=-1',
    'bytes=999999999999-',
    'bytes=0-1,2-3,4-5',
    'bytes=a-b',
    '*',
    '"',
    'W/"x"',
    'gzip',
    'br',
    'deflate',
    'identity, gzip',
    '1'.repeat(500),
  ),
);
const headerName = fc.constantFrom(
  'authorization',
  'range',
  'if-none-match',
  'if-range',
  'if-modified-since',
  'accept',
  'accept-encoding',
  'content-encoding',
  'x-request-id',
  'x-forwarded-for',
  'x-forwarded-proto',
  'origin',
  'cookie',
  'user-agent',
  'if-match',
  'x-http-method-override',
);
const query = fc.oneof(
  fc.constant(''),
  fc
    .array(
      fc.tuple(
        fc.constantFrom(
          'limit',
          'after',
          'offset',
          'status',
          'ban',
          'media_token',
          'limit[]',
          'limit[a]',
          'after[$gt]',
          '__proto__[x]',
          'constructor',
          'x',
        ),
        fc.oneof(
          pathText,
          fc.constantFrom(
            '-1',
            '0',
            '1',
            '1.5',
            '1e3',
            '1001',
            'NaN',
            'Infinity',
            '999999999999999999999',
            '',
            'true',
            'played',
            '0x10',
          ),
        ),
      ),
      { maxLength: 4 },
    )
    .map((pairs) => `?${pairs.map(([key, held]) => `${key}=${held}`).join('&')}`),
);

const attempt = fc.record({
  signedIn: fc.boolean(),
  // Each place in the path: an id of the scene, by its index, or rubbish.
  places: fc.array(fc.oneof(fc.nat(4), pathText), { minLength: 3, maxLength: 3 }),
  query,
  headers: fc.array(fc.tuple(headerName, headerText), { maxLength: 3 }),
  body,
});
type Attempt = typeof attempt extends fc.Arbitrary<infer T> ? T : never;

async function send({ method, path }: Route, { who, ids }: Scene, tried: Attempt) {
  let place = 0;
  const filled = path.replace(/\{\w+\}/g, () => {
    const chosen = tried.places[place++]!;
    // Usually the right id, so that the checks after it are reached too.
    return typeof chosen === 'number'
      ? (ids[path.startsWith('/api/tracks') ? 2 : place === 1 ? 0 : chosen] ?? nowhere)
      : chosen;
  });
  const content = method === 'GET' ? undefined : tried.body;
  const headers: Record<string, string | number> = {
    ...(tried.signedIn ? { authorization: `Bearer ${who.token}` } : {}),
    ...Object.fromEntries(tried.headers),
    ...(content ? { 'content-type': content.type, 'content-length': content.bytes.length } : {}),
  };
  const call = httpRequest(server.url, { method, path: filled + tried.query, headers, agent });
  call.setTimeout(limit, () => call.destroy(new Error(`no answer within ${limit} ms`)));
  call.end(content?.bytes);
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return {
    status: response.statusCode!,
    type: response.headers['content-type'],
    text: Buffer.concat(chunks).toString(),
  };
}

let read = 0;
/** The process runs, is ready, and has logged no error since the last call. */
const alive = async () => {
  expect(server.child.exitCode).toBe(null);
  expect((await fetch(`${server.url}/health/ready`)).status).toBe(200);
  const fresh = server.output().slice(read);
  read += fresh.length;
  expect(fresh.split('\n').filter((line) => /"level":[56]0/.test(line))).toEqual([]);
};

describe('no malformed request causes a server error', () => {
  it('the OpenAPI document has the routes', () => expect(routes.length).toBeGreaterThan(30));

  it.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s',
    async (_, route) => {
      let used = 0;
      let here = await scene();
      await fc.assert(
        fc.asyncProperty(attempt, async (tried) => {
          // Some requests succeed: they delete the room or end the session.
          if (++used % 40 === 0) here = await scene();
          const { status, type, text } = await send(route, here, tried);
          expect(status).toBeLessThan(500);
          if (status >= 400) {
            expect(type).toMatch(/^application\/json/);
            expect(JSON.parse(text)).toEqual({
              error: expect.objectContaining({
                code: expect.stringMatching(/^[a-z_]+$/),
                message: expect.any(String),
              }),
            });
            expect(text).not.toMatch(/node_modules|\.js:\d+/);
          }
        }),
        { numRuns: inputs },
      );
      await alive();
    },
    180_000,
  );
});

describe('no malformed message causes a server error', () => {
  const argument: fc.Arbitrary<unknown> = fc.oneof(
    { weight: 4, arbitrary: likely.map((text) => JSON.parse(text) as unknown) },
    { weight: 4, arbitrary: value },
    // Socket.IO's client itself runs out of stack with more; packets made by hand carry it below.
    {
      weight: 1,
      arbitrary: nested.filter((text) => text.length < 1000).map((text) => JSON.parse(text) as unknown),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.constant({ after_sequence: Buffer.from('1'), drift: Buffer.from('') }) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
  const message = fc.record({ args: fc.array(argument, { maxLength: 4 }), acknowledged: fc.boolean() });
  let ada: Person;
  let roomId: string;
  beforeAll(async () => {
    const { who, ids } = await scene();
    [ada, roomId] = [who, ids[0]!];
  });

  it.each(['time_sync', 'room_state', 'replay', 'sync_report', 'no_such_message', '__proto__', 'toString'])(
    '%s in a room and in the lobby',
    async (name) => {
      const listeners = [await listen(server.url, ada, roomId), await listenToLobby(server.url, ada)];
      try {
        await fc.assert(
          fc.asyncProperty(
            message,
            fc.constantFrom(...listeners),
            async ({ args, acknowledged }, listener) => {
              if (!acknowledged) {
                listener.socket.emit(name, ...args);
                return;
              }
              const answer = await listener.ask(name, ...args);
              if (answer.ok !== true) {
                expect(answer).toEqual({
                  ok: false,
                  error: expect.objectContaining({ code: expect.any(String), message: expect.any(String) }),
                });
                expect(answer.error.code).not.toBe('internal');
              }
            },
          ),
          { numRuns: inputs },
        );
        for (const listener of listeners) {
          expect(await listener.ask('time_sync', {})).toMatchObject({ ok: true });
        }
      } finally {
        for (const listener of listeners) listener.close();
      }
      await alive();
    },
    180_000,
  );

  it('a handshake with arbitrary auth and namespace is accepted or refused', async () => {
    const namespace = fc.oneof(
      fc.constantFrom('/', `/rooms/${roomId}`),
      pathText.map((text) => `/rooms/${text}`),
      pathText.map((text) => `/${text}`),
    );
    await fc.assert(
      fc.asyncProperty(namespace, argument, value, async (where, token, after) => {
        // Socket.IO's client reads a query out of the address.
        const listener = new Listener(server.url, where.replaceAll('?', ''), token as string, {
          afterSequence: after as number,
        });
        try {
          await new Promise<void>((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error('neither let in nor refused')), 5000);
            const done = () => {
              clearTimeout(timer);
              resolve();
            };
            listener.socket.once('connect', done);
            listener.socket.once('connect_error', done);
            // A name that no packet can carry.
            listener.socket.io.once('close', done);
          });
        } finally {
          listener.close();
        }
      }),
      { numRuns: inputs },
    );
    await alive();
  }, 180_000);

  it('a message beyond the size limit closes its connection and no other', async () => {
    const [big, other] = [await listen(server.url, ada, roomId), await listen(server.url, ada, roomId)];
    big.socket.emit('replay', { after_sequence: 'x'.repeat(100_000) });
    await eventually(() => !big.socket.connected, 'the end of that connection');
    expect(await other.ask('time_sync', {})).toMatchObject({ ok: true });
    other.close();
    await alive();
  });
});

describe('no packet ends the process', () => {
  it('arbitrary packets over a WebSocket, before and after a valid handshake', async () => {
    const { who, ids } = await scene();
    const good = [
      `40${JSON.stringify({ token: who.token })}`,
      `40/rooms/${ids[0]},${JSON.stringify({ token: who.token })}`,
    ];
    const text = fc.oneof(
      { weight: 2, arbitrary: fc.string({ unit: 'binary' }) },
      {
        weight: 4,
        arbitrary: fc
          .tuple(
            fc.constantFrom(
              '4',
              '40',
              '41',
              '42',
              '43',
              '44',
              '45',
              '46',
              '47',
              '49',
              '451-',
              '452-',
              '45999999999-',
              '461-',
              '6',
              '5',
              '3probe',
              '2',
              '1',
              '0',
              '',
            ),
            fc.constantFrom(
              '',
              '/',
              '/,',
              `/rooms/${ids[0]},`,
              `/rooms/${ids[0]}`,
              '/rooms/x,',
              '1',
              '99999999999999999999',
              `/rooms/${ids[0]},1`,
              '-1',
            ),
            fc.oneof(
              value.map((held) => JSON.stringify(held) ?? ''),
              nested,
              fc.constantFrom(
                '["time_sync",{}]',
                '["replay",{"_placeholder":true,"num":0}]',
                '["replay",{"_placeholder":true,"num":-1}]',
                '["connect"]',
                '["disconnect"]',
                '["error"]',
                '["disconnecting"]',
                '["newListener"]',
                '[]',
                '{}',
                '[',
                '[null]',
                '[1]',
                '[{}]',
                '["__proto__"]',
                '""',
                '{"token":',
              ),
            ),
          )
          .map((parts) => parts.join('')),
      },
      { weight: 1, arbitrary: fc.constantFrom(...good) },
    );
    const packet = fc.oneof(
      { weight: 5, arbitrary: text },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.array(packet, { minLength: 1, maxLength: 15 }),
        async (welcome, packets) => {
          const socket = new WebSocket(
            `${server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`,
          );
          socket.on('error', () => undefined);
          const opened = once(socket, 'message');
          const closed = new Promise((resolve) => socket.once('close', resolve));
          await opened;
          for (const data of [...(welcome ? good : []), ...packets]) {
            if (socket.readyState === WebSocket.OPEN) socket.send(data);
          }
          socket.close();
          await closed;
          expect(server.child.exitCode).toBe(null);
        },
      ),
      { numRuns: inputs * 2 },
    );
    await alive();
    // Other clients are not affected.
    const listener = await listen(server.url, who, ids[0]!);
    expect(await listener.ask('time_sync', {})).toMatchObject({ ok: true });
    listener.close();
  }, 180_000);

  it('a body or message with many undeclared fields is answered with malformed, without copying it', async () => {
    const { who, ids } = await scene();
    const many = Array.from({ length: 20_000 }, () => ({}));
    for (const headers of [{}, { 'idempotency-key': 'many' }]) {
      const answer = await person(server.url, who.token, who.user, headers).post('/rooms', {
        name: 'x',
        many,
      });
      expectProblem(answer, 400, 'malformed');
    }
    // The whole of it would overflow the stack of what makes it text again.
    const deep = `{"name":"x","deep":${'['.repeat(15_000)}${']'.repeat(15_000)}}`;
    for (const key of [{}, { 'idempotency-key': 'deep' }]) {
      const headers = { authorization: `Bearer ${who.token}`, 'content-type': 'application/json', ...key };
      expectProblem(await request(server.url, 'POST', '/rooms', { headers, body: deep }), 400, 'malformed');
    }
    const listener = await listen(server.url, who, ids[0]!);
    const report = { drift: 0, round_trip: 0.05, buffered: 10 };
    expect(await listener.ask('sync_report', { ...report, many })).toMatchObject({
      ok: false,
      error: { code: 'malformed' },
    });
    expect(await listener.ask('sync_report', { ...report, unknown: 1 })).toMatchObject({ ok: true });
    listener.close();
  });

  it('a message nested 5,000 levels deep is answered with malformed', async () => {
    const { who, ids } = await scene();
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
    const received: string[] = [];
    socket.on('message', (data) => received.push((data as Buffer).toString()));
    const has = (start: string) =>
      eventually(() => received.some((packet) => packet.startsWith(start)), start);
    try {
      await has('0');
      socket.send(`40/rooms/${ids[0]},${JSON.stringify({ token: who.token })}`);
      await has(`40/rooms/${ids[0]},`);
      for (const [id, deep] of ['[', '{"limit":'].entries()) {
        const close = deep === '[' ? ']' : '}';
        const nesting = `${deep.repeat(5000)}1${close.repeat(5000)}`;
        socket.send(`42/rooms/${ids[0]},${id}["replay",{"after_sequence":${nesting}}]`);
        await has(`43/rooms/${ids[0]},${id}[{"ok":false,"error":{"code":"malformed"`);
      }
    } finally {
      socket.terminate();
    }
    await alive();
  });

  it('arbitrary Engine.IO requests over plain HTTP', async () => {
    const parameters = fc.tuple(
      fc.constantFrom('EIO=4', 'EIO=3', 'EIO=', 'EIO[]=4', ''),
      fc.constantFrom(
        'transport=polling',
        'transport=websocket',
        'transport=webtransport',
        'transport=__proto__',
        'transport[]=polling',
        '',
      ),
      fc.constantFrom('', 'sid=', 'sid=x', 'sid[]=x', 'sid=__proto__', 'b64=1', 'j=1'),
    );
    await fc.assert(
      fc.asyncProperty(
        parameters,
        fc.constantFrom('GET', 'POST', 'PUT', 'OPTIONS', 'DELETE'),
        body,
        async (parts, method, content) => {
          const call = httpRequest(server.url, {
            method,
            path: `/socket.io/?${parts.join('&')}`,
            headers: content ? { 'content-type': content.type, 'content-length': content.bytes.length } : {},
          });
          call.setTimeout(limit, () => call.destroy(new Error(`no answer within ${limit} ms`)));
          call.end(content?.bytes);
          const [response] = (await once(call, 'response')) as [IncomingMessage];
          response.resume();
          await once(response, 'end');
          expect(response.statusCode).toBeLessThan(500);
        },
      ),
      { numRuns: inputs },
    );
    await alive();
  }, 180_000);
});
