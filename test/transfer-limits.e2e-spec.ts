import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Room, Track } from '../src/contract/index.js';
import { maxTransfers, OpenTransfers } from '../src/tracks/transfers/open-transfers.js';
import { guest, type Person, roomOf } from './support/api.js';
import { fixture, paddedWav } from './support/audio.js';
import { eventually } from './support/listener.js';
import { bearer, head, RawConnection } from './support/raw-http.js';
import { startServer, type TestServer } from './support/server.js';

/** Guests are free, so what many of them do from one address is limited too. */

// Larger than the kernel's buffers of a connection.
const large = paddedWav(24 * 1024 * 1024);
const attacker = '127.0.1.1';
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

let server: TestServer;
let ada: Person;
let room: Room;
let track: Track;
const connections: RawConnection[] = [];
const connect = (localAddress: string): RawConnection => {
  const connection = new RawConnection(server.url, { localAddress });
  connections.push(connection);
  return connection;
};
const open = () => server.app.get(OpenTransfers).size;

async function start(env: Record<string, string> = {}): Promise<void> {
  server = await startServer({ RATE_LIMIT: 'on', ...env });
  ada = await guest(server.url, 'ada');
  room = await roomOf(ada);
  track = (await ada.upload(room.id, large, 'large.wav')).body.track;
}
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  await eventually(() => open() === 0, 'the transfers to end');
});

const guestsOf = (count: number): Promise<Person[]> =>
  Promise.all(
    numbers(count).map(async (index) => {
      const person = await guest(server.url, `guest ${index}`);
      await person.post(`/rooms/${room.id}/join`);
      return person;
    }),
  );

/** Requests the audio and stops reading after the first bytes. */
async function unreadStream(who: Person, address: string): Promise<RawConnection> {
  const stream = connect(address);
  stream.send(head('GET', `/api/tracks/${track.id}/stream`, bearer(who)));
  await stream.answers(1, 60_000);
  stream.socket.pause();
  return stream;
}

/** An upload whose end is not sent. */
function beginUpload(who: Person, address: string): RawConnection {
  const form = '--b\r\nContent-Disposition: form-data; name="audio_file"; filename="a.wav"\r\n\r\nRIFF';
  const headers = ['Content-Type: multipart/form-data; boundary=b', 'Content-Length: 5000'];
  return connect(address).send(head('POST', `/api/rooms/${room.id}/tracks`, bearer(who), ...headers) + form);
}

function expectRefused(connection: RawConnection): void {
  expect(connection.statuses).toEqual([429]);
  expect(connection.body).toMatchObject({ error: { code: 'rate_limited' } });
  expect(connection.text).toMatch(/retry-after: \d+/i);
}

describe('with the default limits', () => {
  beforeAll(() => start());
  afterAll(() => server.close());

  it('20 guests of one address may hold half of the uploads; another address can upload', async () => {
    const perAddress = maxTransfers.upload.perServer / 2;
    const guests = await guestsOf(20);
    for (const who of guests) {
      for (const _ of numbers(maxTransfers.upload.perUser)) beginUpload(who, attacker);
    }
    await eventually(
      () =>
        open() === perAddress &&
        connections.filter(({ statuses }) => statuses.length > 0).length === connections.length - perAddress,
      'half of them to be refused',
    );
    for (const refused of connections.filter(({ statuses }) => statuses.length > 0)) expectRefused(refused);
    expect((await ada.upload(room.id, fixture('tagged.mp3'), 'x.mp3')).status).toBe(201);

    // A place is free as soon as one of the uploads has ended.
    connections.find(({ statuses }) => statuses.length === 0)!.destroy();
    await eventually(() => open() === perAddress - 1, 'an upload to end');
    beginUpload(guests[19]!, attacker);
    await eventually(() => open() === perAddress, 'another to begin');
  });

  it('500 listeners behind one address have a stream each at the same time', async () => {
    const listeners = await guestsOf(500);
    const streams = await Promise.all(listeners.map((who) => unreadStream(who, attacker)));
    expect(streams.map(({ statuses }) => statuses)).toEqual(streams.map(() => [200]));
    expect(streams.filter(({ isClosed }) => isClosed)).toEqual([]);
    expect(open()).toBe(500);
  }, 120_000);
});

describe('with a limit of 24 streams for an address', () => {
  beforeAll(() => start({ MAX_ADDRESS_STREAMS: '24' }));
  afterAll(() => server.close());

  it('further streams are refused while all of them make progress; another address has streams', async () => {
    const [first, second, third] = await guestsOf(3);
    for (const who of [first!, second!]) {
      for (const _ of numbers(maxTransfers.stream.perUser)) await unreadStream(who, attacker);
    }
    // By the time of the sample, all of them have just made progress.
    server.app.get(OpenTransfers).sample(performance.now() + 3_600_000);
    expectRefused(await unreadStream(third!, attacker));
    expect((await unreadStream(third!, '127.0.1.2')).statuses).toEqual([200]);
    expect(connections.filter(({ isClosed, statuses }) => isClosed && statuses[0] === 200)).toEqual([]);
  });

  it('a new stream ends the one of the address that has been idle longest', async () => {
    const [first, second, third] = await guestsOf(3);
    const elsewhere = await unreadStream(first!, '127.0.1.2');
    for (const who of [first!, second!]) {
      for (const _ of numbers(maxTransfers.stream.perUser - 1)) await unreadStream(who, attacker);
    }
    for (const _ of numbers(2)) await unreadStream(third!, attacker);
    const held = connections.filter((connection) => connection !== elsewhere);
    let latest: RawConnection | undefined;
    await eventually(
      async () => {
        latest?.destroy();
        latest = await unreadStream(third!, attacker);
        return latest.statuses[0] === 200;
      },
      'a new stream to be accepted',
      20_000,
    );
    for (const { socket } of held) socket.resume();
    await eventually(() => held.some(({ isClosed }) => isClosed), 'one to be closed');
    expect(open()).toBe(25);
    expect(elsewhere.isClosed).toBe(false);
  }, 60_000);
});
