import type { Socket as TcpSocket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Compile } from 'typebox/compile';
import { Clock } from '../src/config/clock.js';
import { socketMessages } from '../src/contract/index.js';
import { guest, type Person, roomOf } from './support/api.js';
import { eventually, listen, type Listener, listenToLobby } from './support/listener.js';
import { serverSocketOf } from './support/server-socket.js';
import { startServer, type TestServer } from './support/server.js';

const answer = Compile(socketMessages.time_sync.answer);
const inMicroseconds = (seconds: number): number => Math.round(seconds * 1e6) / 1e6;
const smallest = (values: number[]): number => Math.min(...values);

/** Blocks the event loop. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe.each(['standard', 'fast'])('time_sync on the %s transport', (transport) => {
  let server: TestServer;
  let clock: Clock;
  let ada: Person;
  let roomId: string;
  const opened: Listener[] = [];
  const keep = (listener: Listener): Listener => {
    opened.push(listener);
    return listener;
  };
  beforeAll(async () => {
    server = await startServer({ TRANSPORT: transport });
    clock = server.app.get(Clock);
    ada = await guest(server.url, 'ada');
    roomId = (await roomOf(ada)).id;
  });
  afterEach(() => {
    for (const listener of opened.splice(0)) listener.close();
  });
  afterAll(() => server.close());

  it.each(['websocket', 'polling'])(
    'has the times of arrival and of sending in microseconds, in the room and in the lobby, over %s',
    async (via) => {
      const options = { transports: [via] };
      const inRoom = keep(await listen(server.url, ada, roomId, options));
      const inLobby = keep(await listenToLobby(server.url, ada, options));
      const established = inRoom.ofType('connection_established')[0]!;
      expect(established.data.clock_id).toBe(clock.id);
      let last = 0;
      for (const listener of [inRoom, inLobby, inRoom]) {
        const before = clock.roomTime();
        const told = await listener.ask('time_sync', {});
        const after = clock.roomTime();
        expect(answer.Check(told)).toBe(true);
        const { server_received, server_sent, server_time, clock_id } = told;
        expect(clock_id).toBe(clock.id);
        const times = [last, before, server_received, server_sent, after];
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect([server_received, server_sent]).toEqual([server_received, server_sent].map(inMicroseconds));
        expect(Math.abs(server_time - server_received)).toBeLessThan(after - before + 0.001);
        last = server_sent;
      }
    },
  );

  it('takes server_received when the packet arrives and server_sent when it is written, whatever takes time between', async () => {
    const listener = keep(await listen(server.url, ada, roomId));
    const socket = serverSocketOf(server, listener);
    const arrived: number[] = [];
    const written: number[] = [];
    socket.conn.on(
      'packet',
      ({ type }: { type: string }) => type === 'message' && arrived.push(clock.roomTime()),
    );
    // Encoded and about to be written.
    socket.conn.on(
      'packetCreate',
      ({ type }: { type: string }) => type === 'message' && written.push(clock.roomTime()),
    );
    socket.onAny(() => block(30));
    const answers = [];
    for (let asked = 0; asked < 5; asked += 1) answers.push(await listener.ask('time_sync', {}));
    expect([arrived.length, written.length]).toEqual([5, 5]);
    for (const { server_received, server_sent } of answers) {
      expect(server_sent - server_received).toBeGreaterThanOrEqual(0.0299);
    }
    // The smallest of several: others may include a pause of the process.
    expect(
      smallest(answers.map(({ server_received }, index) => server_received - arrived[index]!)),
    ).toBeLessThan(0.005);
    expect(smallest(answers.map(({ server_sent }, index) => written[index]! - server_sent))).toBeLessThan(
      0.005,
    );
  });

  it('has for messages that arrive together the time of their arrival, although they are handled one after the other', async () => {
    const listener = keep(await listen(server.url, ada, roomId));
    serverSocketOf(server, listener).onAny(() => block(10));
    // Hold back what the client writes until all three are written, so that they leave in one segment.
    const { ws } = listener.socket.io.engine.transport as unknown as { ws: { _socket: TcpSocket } };
    ws._socket.cork();
    const asked = [1, 2, 3].map(() => listener.ask('time_sync', {}));
    await eventually(() => listener.socket.io.engine.writeBuffer.length === 0, 'the writes');
    ws._socket.uncork();
    const answers = await Promise.all(asked);
    const received = answers.map(({ server_received }) => server_received);
    expect(received.at(-1) - received[0]).toBeLessThan(0.01);
    expect(answers.at(-1).server_sent - received.at(-1)).toBeGreaterThanOrEqual(0.0299);
  });
});

it('a clock_id belongs to one process', async () => {
  const [first, second] = [await startServer(), await startServer()];
  try {
    const ids = await Promise.all(
      [first, second].map(async ({ url }) => {
        const lobby = await listenToLobby(url, await guest(url));
        const { clock_id } = await lobby.ask('time_sync', {});
        lobby.close();
        return clock_id as string;
      }),
    );
    expect(ids[0]).not.toBe(ids[1]);
  } finally {
    await Promise.all([first.close(), second.close()]);
  }
});
