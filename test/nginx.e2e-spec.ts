import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { io } from 'socket.io-client';
import { maxRefusals, Refusals } from '../src/limits/refusals.js';
import { guest, type Person, request, roomOf } from './support/api.js';
import { fixture } from './support/audio.js';
import { eventually } from './support/listener.js';
import { type Nginx, startNginx } from './support/nginx.js';
import { bearer, head, RawConnection } from './support/raw-http.js';
import { startServer, type TestServer } from './support/server.js';

let server: TestServer;
let nginx: Nginx;
let ada: Person;
beforeAll(async () => {
  server = await startServer({ TRUST_PROXY: '1', RATE_LIMIT: 'on' });
  nginx = await startNginx(server.url);
  ada = await guest(nginx.url, 'ada');
}, 120_000);
afterAll(async () => {
  await nginx.close();
  await server.close();
});

describe('behind nginx as documented', () => {
  it('a body that nginx refuses is answered in the error format', async () => {
    const connection = new RawConnection(nginx.url);
    const length = `Content-Length: ${60 * 1024 * 1024}`;
    connection.send(
      head('POST', '/api/rooms/x/tracks', bearer(ada), 'Content-Type: multipart/form-data', length),
    );
    await connection.answers(1);
    await eventually(() => connection.text.trimEnd().endsWith('}'), 'the body');
    expect(connection.statuses).toEqual([413]);
    expect(connection.text).toMatch(/^content-type: application\/json\r$/im);
    expect(connection.text).toMatch(/^server: nginx/im);
    expect(connection.body).toMatchObject({ error: { code: 'payload_too_large' } });
    connection.destroy();
  });

  it('streams support ranges, and media tokens are not in the access log', async () => {
    const bytes = fixture('tagged.mp3');
    const room = await roomOf(ada);
    const { track } = (await ada.upload(room.id, bytes, 'x.mp3')).body;
    const { media_token } = (await ada.post('/auth/media-token')).body;
    const path = `/api/tracks/${track.id}/stream`;
    const answer = await fetch(`${nginx.url}${path}?media_token=${media_token}`, {
      headers: { range: 'bytes=100-199' },
    });
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes 100-199/${bytes.length}`);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes.subarray(100, 200))).toBe(true);
    await eventually(async () => (await nginx.accessLog()).includes(path), 'the request to be logged');
    expect(await nginx.accessLog()).not.toMatch(/media_token|eyJ/);
  });

  it.each(['websocket', 'polling'])('a listener over %s receives the state and events', async (transport) => {
    const room = await roomOf(ada);
    const socket = io(`${nginx.url}/rooms/${room.id}`, {
      auth: { token: ada.token },
      transports: [transport],
      forceNew: true,
      reconnection: false,
    });
    const types: string[] = [];
    socket.onAny((type: string) => types.push(type));
    await eventually(() => types.includes('connection_established'), 'the state');
    const bob = await guest(nginx.url, 'bob');
    await bob.post(`/rooms/${room.id}/join`);
    await eventually(() => types.includes('user_joined'), 'the event');
    expect(socket.io.engine.transport.name).toBe(transport);
    socket.disconnect();
  });

  it('limits count the client’s address and ignore the header that it sends', async () => {
    // Almost used up, so that the window does not end during the test.
    const refusals = server.app.get(Refusals);
    for (let i = 1; i < maxRefusals; i += 1) refusals.count('127.0.0.2');
    const statusFor = async (localAddress: string, forged: string) => {
      const connection = new RawConnection(nginx.url, { localAddress });
      await connection.send(head('GET', '/api/rooms', `X-Forwarded-For: ${forged}`)).answers(1);
      connection.destroy();
      return connection.statuses[0];
    };
    expect(await statusFor('127.0.0.2', '203.0.113.1')).toBe(401);
    expect(await statusFor('127.0.0.2', '203.0.113.2')).toBe(429);
    expect(await statusFor('127.0.0.3', '127.0.0.2')).toBe(401);
  });

  it('GET /metrics is refused with 403', async () => {
    expect((await fetch(`${nginx.url}/metrics`)).status).toBe(403);
  });
});

it('nginx answers with 503 in the error format if the server cannot be reached', async () => {
  const gone = await startServer();
  const front = await startNginx(gone.url);
  await gone.close();
  const answer = await request(front.url, 'GET', '/time');
  expect(answer.status).toBe(503);
  expect(answer.body).toMatchObject({ error: { code: 'unavailable' } });
  expect(answer.headers.get('retry-after')).toBe('5');
  await front.close();
});
