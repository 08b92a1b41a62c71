import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { rm } from 'node:fs/promises';
import type { Envelope } from '../src/contract/index.js';
import { guest, person, roomOf, stateOf } from './support/api.js';
import { wav } from './support/audio.js';
import { eventually, listen, Listener, listenToLobby } from './support/listener.js';
import { type ServerProcess, spawnServer, temporaryFolder } from './support/server.js';

// Made before any connection is: making it takes so long that idle ones would be closed meanwhile.
const long = wav(2000);
const opened: Listener[] = [];
// Also those that are still starting when a test is given up.
const processes: Promise<ServerProcess>[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const listener of opened.splice(0)) listener.close();
  for (const starting of processes.splice(0)) {
    const { child, end } = await starting;
    if (child.exitCode === null && child.signalCode === null) {
      await end('SIGKILL');
    }
  }
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}, 60_000);

async function start(folder?: string): Promise<ServerProcess & { folder: string }> {
  if (folder === undefined) folders.push((folder = await temporaryFolder()));
  const starting = spawnServer({ DATA_DIR: folder });
  processes.push(starting);
  return { ...(await starting), folder };
}

const keep = (listener: Listener): Listener => {
  opened.push(listener);
  return listener;
};

/** An upload of which the first half has been sent; `finish` sends the rest and gives the answer. */
async function halfUpload(url: string, token: string, roomId: string, file: Buffer) {
  const boundary = 'a-boundary-that-is-nowhere-else';
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="audio_file"; filename="late.wav"\r\nContent-Type: audio/wav\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(head), file, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  const upload = httpRequest(`${url}/api/rooms/${roomId}/tracks`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': body.length,
      expect: '100-continue',
    },
  });
  const answered = once(upload, 'response') as Promise<[IncomingMessage]>;
  // An upload that is never finished ends with an error at shutdown.
  answered.catch(() => undefined);
  // The server has taken the request once it asks for the body.
  const asked = once(upload, 'continue');
  upload.flushHeaders();
  await asked;
  const half = body.length >> 1;
  await new Promise<void>((resolve, reject) =>
    upload.write(body.subarray(0, half), (e) => (e ? reject(e) : resolve())),
  );
  return async () => {
    upload.end(body.subarray(half));
    const [response] = await answered;
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode, body: JSON.parse(Buffer.concat(chunks).toString()) };
  };
}

describe.each(['SIGTERM', 'SIGINT'] as const)('on %s', (signal) => {
  it('listeners receive draining before their sockets close, requests in progress finish, and the exit code is 0', async () => {
    const server = await start();
    const ada = await guest(server.url, 'ada');
    const room = await roomOf(ada);
    await ada.upload(room.id, wav(120), 'song.wav');
    const lobby = keep(await listenToLobby(server.url, ada));
    const inRoom = keep(await listen(server.url, ada, room.id));
    const { sequence } = await stateOf(ada, room.id);
    const finish = await halfUpload(server.url, ada.token, room.id, wav(20, 300));

    const from = Date.now();
    const ended = server.end(signal);
    const statuses = await Promise.all([lobby.next('server_status'), inRoom.next('server_status')]);
    expect(statuses.map(({ data }) => data.status)).toEqual(['draining', 'draining']);
    const [inLobby, ofRoom] = statuses;
    expect([inLobby.data.room_id, inLobby.data.sequence]).toEqual([null, undefined]);
    expect([ofRoom.data.room_id, ofRoom.data.sequence]).toEqual([room.id, sequence]);
    expect(lobby.socket.connected && inRoom.socket.connected).toBe(true);

    // New requests and connections are refused with draining.
    const ready = await fetch(`${server.url}/health/ready`);
    expect([ready.status, ((await ready.json()) as any).error.code]).toEqual([503, 'draining']);
    expect((await fetch(`${server.url}/health/live`)).status).toBe(200);
    expect(await keep(new Listener(server.url, '/', ada.token)).refused()).toMatchObject({
      code: 'draining',
    });
    const refused = await ada.get('/auth/me');
    expect([refused.status, refused.body.error.code]).toEqual([503, 'draining']);

    const { status, body } = await finish();
    expect(status).toBe(201);
    expect(body.track.title).toBe('late');
    // Its event is still sent.
    await inRoom.next('track_added', ({ data }) => data.track.id === body.track.id);

    expect(await ended).toEqual({ code: 0, signal: null });
    expect(Date.now() - from).toBeLessThan(10_000);
    await eventually(() => !lobby.socket.connected && !inRoom.socket.connected, 'the sockets to close');
    const faults = server
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { level: number; res?: { status: number } })
      .filter(({ level, res }) => level >= 50 && res?.status !== 503);
    expect(faults).toEqual([]);

    // After the restart nobody counts as online, and the last upload is complete.
    const again = await start(server.folder);
    const she = person(again.url, ada.token, ada.user);
    // She counts as online during the grace.
    expect((await stateOf(she, room.id)).room.online_users).toEqual([ada.user]);
    await eventually(async () => (await stateOf(she, room.id)).room.online_count === 0, 'the grace to end');
    const log = (await she.get(`/rooms/${room.id}/events?after=${sequence}`)).body.events as Envelope[];
    expect(log.map(({ type }) => type)).toEqual(['track_added', 'user_disconnected_websocket']);
    expect((await she.get(`/tracks/${body.track.id}/stream`)).status).toBe(200);
  }, 120_000);

  it('the process exits within 10 s despite an unread stream and an unfinished upload', async () => {
    const server = await start();
    const ada = await guest(server.url, 'ada');
    const room = await roomOf(ada);
    const { body } = await ada.upload(room.id, long, 'long.wav');
    const inRoom = keep(await listen(server.url, ada, room.id));
    // It is not read: what the kernel does not buffer stays in the server.
    const reading = httpRequest(`${server.url}${body.track.stream_url}`, {
      headers: { authorization: `Bearer ${ada.token}` },
    });
    reading.end();
    const [stream] = (await once(reading, 'response')) as [IncomingMessage];
    stream.on('error', () => undefined);
    reading.on('error', () => undefined);
    expect(stream.statusCode).toBe(200);
    stream.pause();
    await halfUpload(server.url, ada.token, room.id, wav(5, 500));

    const from = Date.now();
    const ended = server.end(signal);
    await inRoom.next('server_status');
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(Date.now() - from).toBeLessThan(10_000);
    stream.destroy();
  }, 120_000);
});
