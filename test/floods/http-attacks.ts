import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { type Attack, type Attempt, every, pause, persistently, replayMessage } from './attack.js';
import { client, get, openTcp, pipeline } from './raw-http.js';
import { openWebSocket } from './raw-websocket.js';

const connections = 20;
const handshake = '/socket.io/?EIO=4&transport=polling';

/** `replay` messages over long polling, without a poll for their answers. */
export const replayOverPolling: Attack = (attempt) => {
  const { target, signal } = attempt;
  const send = client(attempt, connections);
  return persistently(connections, attempt, async (index) => {
    const { body } = await send('GET', handshake);
    const { sid } = JSON.parse(body.slice(1));
    const post = async (packets: string[]) => {
      const content = { type: 'text/plain', body: packets.join('\x1e') };
      const { status } = await send('POST', `${handshake}&sid=${sid}`, content);
      if (status === 200) return;
      attempt.counts.closed += 1;
      throw new Error('closed');
    };
    const room = `/rooms/${target.largeRoomId},`;
    await post([`40${room}${JSON.stringify({ token: target.tokens[index] })}`]);
    const tenReplays = Array.from({ length: 10 }, () => `42${room}1${replayMessage(attempt)}`);
    while (!signal.aborted) {
      await post(tenReplays);
      attempt.counts.sent += tenReplays.length - 1;
      await pause(100, signal);
    }
  });
};

export const pipelinedEvents: Attack = (attempt) => {
  const { target, signal } = attempt;
  return persistently(connections, attempt, async (index) => {
    const socket = await openTcp(attempt);
    const path = `/api/rooms/${target.largeRoomId}/events?limit=1000`;
    while (!signal.aborted) await pipeline(socket, get(path, target.tokens[index]), 2000, attempt);
  });
};

/** Ten connections open and close WebSockets; ten begin long polling and send no further request. */
export const handshakes: Attack = (attempt) => {
  const { counts, signal } = attempt;
  const send = client(attempt, connections / 2);
  return persistently(connections, attempt, async (index) => {
    if (index % 2 === 0) {
      while (!signal.aborted) {
        const socket = await openWebSocket(attempt);
        counts.sent += 1;
        await socket.close();
      }
    }
    while (!signal.aborted) await send('GET', handshake);
  });
};

/** Each registration is made by another guest: first those prepared before, then new ones. */
export const registrations: Attack = (attempt) => {
  const { target, signal } = attempt;
  const prepared = [...target.freshTokens];
  const send = client(attempt, connections);
  const json = (value: object, token?: string) => ({
    type: 'application/json',
    body: JSON.stringify(value),
    ...(token ? { token } : {}),
  });
  return persistently(connections, attempt, async () => {
    while (!signal.aborted) {
      let token = prepared.pop();
      if (token === undefined) {
        const { status, body } = await send('POST', '/api/auth/guest', json({ username: 'guest' }));
        if (status !== 201) throw new Error('refused');
        token = JSON.parse(body).token as string;
      }
      const credentials = {
        username: `u${randomUUID().slice(0, 18)}`,
        password: 'a password of some length',
      };
      await send('POST', '/api/auth/register', json(credentials, token));
    }
  });
};

export const wrongPasswords: Attack = (attempt) => {
  const { target, signal } = attempt;
  const send = client(attempt, connections);
  return persistently(connections, attempt, async () => {
    const body = JSON.stringify({ username: target.registeredUsername, password: 'a wrong password' });
    while (!signal.aborted) await send('POST', '/api/auth/login', { type: 'application/json', body });
  });
};

/** How many sockets are opened at once, so that the server's queue of new connections does not overflow. */
const openedAtOnce = 100;

/** Keeps so many sockets busy, opening them step by step. */
async function crowd(
  count: number,
  attempt: Attempt,
  work: (socket: Socket, index: number) => Promise<void>,
) {
  await persistently(count, attempt, async (index) => {
    await pause(Math.floor(index / openedAtOnce) * 50, attempt.signal);
    const socket = await openTcp(attempt);
    attempt.counts.sent += 1;
    await work(socket, index);
  });
}

/** A thousand uploads of which a byte a second arrives. */
export const slowUploads: Attack = (attempt) =>
  crowd(1000, attempt, async (socket, index) => {
    const { tokens, largeRoomId } = attempt.target;
    socket.on('data', (chunk: Buffer) => {
      if (/^HTTP\/1\.1 (4|5)/.test(chunk.toString('latin1'))) attempt.counts.refused += 1;
    });
    socket.write(
      `POST /api/rooms/${largeRoomId}/tracks HTTP/1.1\r\nHost: 127.0.0.1\r\n` +
        `Authorization: Bearer ${tokens[index % tokens.length]}\r\n` +
        'Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 10000000\r\n\r\n' +
        '--b\r\nContent-Disposition: form-data; name="audio_file"; filename="a.wav"\r\n\r\nRIFF',
    );
    await every(1000, socket, attempt, () => void socket.write('x'));
  });

/** Five hundred streams of which only the beginning is read. */
export const unreadStreams: Attack = (attempt) =>
  crowd(500, attempt, async (socket, index) => {
    const { tokens, largeTrackId } = attempt.target;
    socket.write(get(`/api/tracks/${largeTrackId}/stream`, tokens[index % tokens.length]));
    socket.once('readable', () => {
      const start = (socket.read() as Buffer | null)?.toString('latin1', 0, 12) ?? '';
      if (/^HTTP\/1\.1 (4|5)/.test(start)) attempt.counts.refused += 1;
    });
    // Empty lines between requests are allowed; writing them shows whether the server has closed the connection.
    await every(1000, socket, attempt, () => void socket.write('\r\n'));
  });

const repeated = (one: (attempt: Attempt) => Buffer): Attack => {
  const perWrite = 10;
  return (attempt) =>
    persistently(connections, attempt, async () => {
      const socket = await openTcp(attempt);
      while (!attempt.signal.aborted) await pipeline(socket, one(attempt), perWrite, attempt);
    });
};

export const unauthorized = repeated(() => get('/api/rooms', 'not.a.token'));
export const notFound = repeated(() => get('/api/no/such/path'));
/** For comparison: no attack. */
export const nothing: Attack = ({ signal }) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
