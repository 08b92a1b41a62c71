import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Envelope } from '../src/contract/index.js';
import type { CrowdCommands } from './floods/crowd.js';
import { startHelper } from './floods/processes.js';
import { cpuSeconds } from './floods/process-usage.js';
import { guest, type Person, roomOf, stateOf } from './support/api.js';
import { fixture, wav } from './support/audio.js';
import { eventually, listen, type Listener } from './support/listener.js';
import { RawListener } from './support/raw-listener.js';
import { type ServerProcess, spawnServer, temporaryFolder } from './support/server.js';

/** Ordinary use with the limits switched on, as in production. */

/** LEGITIMATE_UPLOADS=50 uploads as much as one user might in an evening. */
const uploads = Number(process.env['LEGITIMATE_UPLOADS'] ?? 4);

let server: ServerProcess;
let folder: string;
const closeable: { close(): void }[] = [];
beforeEach(async () => {
  folder = await temporaryFolder();
  server = await spawnServer({ DATA_DIR: folder, RATE_LIMIT: 'on' });
});
afterEach(async () => {
  for (const one of closeable.splice(0)) one.close();
  await server.end('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const listenUntilEnd = async (who: Person, roomId: string): Promise<Listener> => {
  const listener = await listen(server.url, who, roomId);
  closeable.push(listener);
  return listener;
};

it('500 listeners behind one address sign in, join a room and connect', async () => {
  const owner = await guest(server.url, 'owner');
  const room = await roomOf(owner);
  const crowd = await startHelper<CrowdCommands>('crowd');
  const cpuBefore = await cpuSeconds(server.child.pid!);
  try {
    const seconds = await crowd.call('enter', { url: server.url, roomId: room.id, count: 500 });
    const cpu = (await cpuSeconds(server.child.pid!)) - cpuBefore;
    process.stderr.write(
      `500 listeners had entered after ${seconds.toFixed(1)} s; the server used ${cpu.toFixed(1)} s of a processor\n`,
    );
    // 10 s on an idle machine.
    expect(seconds).toBeLessThan(30);
    const { sequence: head } = await stateOf(owner, room.id);
    const received = () => crowd.call('received', { head });
    await eventually(async () => (await received()).behind === 0, 'every event', 60_000);
    expect(await received()).toEqual({ closed: 0, behind: 0, lost: 0 });
    const { room: state } = await stateOf(owner, room.id);
    expect(state).toMatchObject({ participant_count: 501, online_count: 500 });
  } finally {
    await crowd.end();
  }
}, 180_000);

it('50 votes at the same time are all counted', async () => {
  const owner = await guest(server.url, 'owner');
  const people = await Promise.all(Array.from({ length: 50 }, () => guest(server.url, 'voter')));
  const room = await roomOf(owner, people);
  await owner.upload(room.id, wav(60), 'playing.wav');
  const { body } = await owner.upload(room.id, wav(1), 'queued.wav');
  const listener = await listenUntilEnd(owner, room.id);
  const answers = await Promise.all(people.map((someone) => someone.post(`/tracks/${body.track.id}/vote`)));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
  await listener.until(() => listener.ofType('track_voted').length === 50, 'the votes');
  expect(listener.ofType('track_voted').at(-1)!.data.track.vote_score).toBe(50);
});

it('a user loads 200 covers at the same time', async () => {
  const owner = await guest(server.url, 'owner');
  const room = await roomOf(owner);
  const { body } = await owner.upload(room.id, fixture('tagged.mp3'), 'tagged.mp3');
  const path = `/tracks/${body.track.id}/cover`;
  const covers = await Promise.all(Array.from({ length: 200 }, () => owner.get(path)));
  expect(covers.map(({ status }) => status)).toEqual(Array.from({ length: 200 }, () => 200));
});

it(
  `one user uploads ${uploads} files of 45 MB, one after another`,
  async () => {
    const owner = await guest(server.url, 'owner');
    const room = await roomOf(owner);
    for (let index = 0; index < uploads; index += 1) {
      const { status, body } = await uploadLarge(owner, room.id, 220 + index * 10);
      expect({ index, status, body }).toMatchObject({ status: 201 });
      expect(body.track.size_bytes).toBeGreaterThan(45_000_000);
    }
  },
  60_000 + uploads * 30_000,
);

it('a client that loses its connection 20 times receives each missed event once, in order, and raises no presence events', async () => {
  const owner = await guest(server.url, 'owner');
  const phone = await guest(server.url, 'phone');
  const leaver = await guest(server.url, 'leaver');
  const room = await roomOf(owner, [phone, leaver]);
  await owner.upload(room.id, wav(600), 'playing.wav');
  const { body } = await owner.upload(room.id, wav(1), 'queued.wav');
  const witness = await listenUntilEnd(owner, room.id);
  const leaving = new RawListener(server.url, leaver, room.id);
  closeable.push(leaving);
  await eventually(() => leaving.established, 'the one who will leave');

  const received: number[] = [];
  let connection = await connectPhone(undefined);
  const { sequence: first } = connection.established.data;
  for (let round = 0; round < 20; round += 1) {
    connection.listener.close();
    await owner.post(`/rooms/${room.id}/playback/${round % 2 === 0 ? 'pause' : 'resume'}`);
    await owner.post(`/tracks/${body.track.id}/vote`);
    await owner.delete(`/tracks/${body.track.id}/vote`);
    connection = await connectPhone(received.at(-1) ?? first);
    expect(connection.established.data).toMatchObject({ resumed: true });
    const { sequence } = connection.established.data;
    await eventually(() => (received.at(-1) ?? first) >= sequence, 'what was missed');
    // The interval between two losses; not a wait for a result.
    await delay(1000);
  }
  const { sequence: head } = await stateOf(owner, room.id);
  await eventually(() => received.at(-1) === head, 'the newest event');
  expect(received).toEqual(Array.from({ length: head - first }, (_, index) => first + 1 + index));

  // Lost after the phone's last loss: when this disconnect is announced, one of the phone would have been too.
  leaving.close();
  await witness.next('user_disconnected_websocket', ({ data }) => data.user.id === leaver.user.id);
  const told = witness.events.filter(
    ({ type, data }) =>
      (type === 'user_connected_websocket' || type === 'user_disconnected_websocket') &&
      (data as { user: { id: string } }).user.id === phone.user.id,
  );
  expect(told.map(({ type }) => type)).toEqual(['user_connected_websocket']);

  async function connectPhone(afterSequence: number | undefined) {
    let established: Envelope<'connection_established'> | undefined;
    const take = (event: Envelope) => {
      if (event.type === 'connection_established') established = event;
      else if (event.metadata.sequence !== undefined) received.push(event.metadata.sequence);
    };
    const options = afterSequence === undefined ? {} : { afterSequence };
    const listener = new RawListener(server.url, phone, room.id, take, options);
    closeable.push(listener);
    await eventually(() => established !== undefined, 'the phone to be connected');
    return { listener, established: established! };
  }
}, 90_000);

/** A WAV file of 45 MB, 44.1 kHz, stereo, 16 bits, made while it is sent. */
async function uploadLarge({ token }: Person, roomId: string, frequency: number) {
  const second = tone(frequency);
  const seconds = 260;
  const boundary = randomUUID();
  const head = Buffer.concat([
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="audio_file"; filename="${frequency}.wav"\r\n` +
        'Content-Type: audio/wav\r\n\r\n',
    ),
    wavHeader(second.length * seconds),
  ]);
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const upload = httpRequest(`${server.url}/api/rooms/${roomId}/tracks`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': head.length + second.length * seconds + tail.length,
    },
  });
  const answered = once(upload, 'response');
  Readable.from([head, ...Array.from({ length: seconds }, () => second), tail]).pipe(upload);
  const [response] = await answered;
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode as number, body: JSON.parse(text) };
}

function wavHeader(dataBytes: number): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + dataBytes, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(2, 22);
  header.writeUInt32LE(44_100, 24);
  header.writeUInt32LE(176_400, 28);
  header.writeUInt16LE(4, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(dataBytes, 40);
  return header;
}

/** A second of a sine tone. */
function tone(frequency: number): Buffer {
  const bytes = Buffer.alloc(176_400);
  for (let sample = 0; sample < 44_100; sample += 1) {
    const value = Math.round(8000 * Math.sin((2 * Math.PI * frequency * sample) / 44_100));
    bytes.writeInt16LE(value, sample * 4);
    bytes.writeInt16LE(value, sample * 4 + 2);
  }
  return bytes;
}
