import { createRequire } from 'node:module';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { RoomStreams } from '../src/delivery/room-streams.js';
import { RoomGateway } from '../src/gateway/room.gateway.js';
import { selfCheck } from '../src/gateway/transport/fast/self-check.js';
import { SocketTransport } from '../src/gateway/transport/socket-transport.js';
import { guest, type Person, request, roomOf } from './support/api.js';
import { eventually, listen, Listener, listenToLobby } from './support/listener.js';
import { copiesOf, raiser } from './support/raise.js';
import { RawListener } from './support/raw-listener.js';
import { serverSocketOf } from './support/server-socket.js';
import { type Environment, startServer, type TestServer } from './support/server.js';

const require = createRequire(import.meta.url);

let server: TestServer;
let ada: Person;
let bob: Person;
let roomId: string;
const listeners: { close(): void }[] = [];
const keep = <L extends { close(): void }>(listener: L): L => {
  listeners.push(listener);
  return listener;
};

async function start(env: Environment): Promise<void> {
  server = await startServer({ CONFIRMATION_TIMEOUT_MS: '200', ...env });
  ada = await guest(server.url, 'ada');
  bob = await guest(server.url, 'bob');
  roomId = (await roomOf(ada, [bob])).id;
}
afterEach(async () => {
  for (const listener of listeners.splice(0)) listener.close();
  await server.close();
});

const metrics = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text();
const reportOf = async (eventId: string) =>
  (await ada.get(`/rooms/${roomId}/events/${eventId}/delivery`)).body.delivery;

describe.each(['standard', 'fast'])('the %s transport', (transport) => {
  it('is the one that the metric shows', async () => {
    await start({ TRANSPORT: transport });
    expect(server.app.get(SocketTransport).kind).toBe(transport);
    expect(await metrics()).toContain(`roomcast_transport{transport="${transport}"} 1`);
  });

  it.each(['websocket', 'polling'])('delivers in order and accepts confirmations over %s', async (via) => {
    // Long enough that a busy machine does not cause retries, which arrive out of order.
    await start({ TRANSPORT: transport, CONFIRMATION_TIMEOUT_MS: '10000' });
    const hers = keep(new Listener(server.url, `/rooms/${roomId}`, ada.token, { transports: [via] }));
    await hers.next('connection_established');
    const raise = raiser(server, ada, roomId);
    for (let round = 0; round < 20; round += 1) {
      await raise.high(3);
      await raise.critical(2);
      await raise.normal(round);
    }
    const [last] = await raise.critical();
    await hers.until(() => hers.events.some(({ event_id }) => event_id === last!.event_id));
    expect(hers.sequences).toEqual(hers.sequences.map((_, index) => hers.sequences[0]! + index));
    expect(hers.sequences.length).toBeGreaterThanOrEqual(101);
    await eventually(async () => (await reportOf(last!.event_id)).confirmed === 1, 'the confirmation');
    expect(server.app.get(RoomStreams).sizeOf(roomId).pendingConfirmations).toBe(0);
  });

  it('retries an unconfirmed event, accepts a confirmation of the retry, and closes after a dead letter', async () => {
    await start({ TRANSPORT: transport });
    let copies = 0;
    const late = keep(
      await listen(server.url, bob, roomId, { confirm: (_, done) => (copies += 1) === 2 && done() }),
    );
    const [first] = await raiser(server, ada, roomId).critical();
    await eventually(async () => (await reportOf(first!.event_id)).confirmed === 1, 'the second copy');
    expect(copiesOf(late.events, first!.event_id).map(({ metadata }) => metadata.retry_count)).toEqual([
      0, 1,
    ]);
    const [second] = await raiser(server, ada, roomId).critical();
    const { data } = await late.next('error');
    expect(data).toMatchObject({ code: 'delivery_failed' });
    await late.closed();
    expect((await reportOf(second!.event_id)).dead_letters).toBe(1);
  });

  it('replays missed events, then continues live', async () => {
    await start({ TRANSPORT: transport });
    const { sequence } = (await ada.get(`/rooms/${roomId}`)).body;
    const raise = raiser(server, ada, roomId);
    await raise.high(300, 'x'.repeat(900));
    await raise.critical(20);
    const back = keep(await listen(server.url, ada, roomId, { afterSequence: sequence }));
    await raise.high(1);
    await back.until(() => back.sequences.length >= 321 && back.sequences.at(-1)! >= sequence + 321);
    expect(back.sequences).toEqual(back.sequences.map((_, index) => sequence + 1 + index));
    await eventually(() => server.app.get(RoomStreams).sizeOf(roomId).pendingConfirmations === 0);
  });

  it.each(['websocket', 'polling'])(
    'does not close a connection that confirms 1,200 events together over %s',
    async (via) => {
      await start({ TRANSPORT: transport, RATE_LIMIT: 'on', EVENT_RETENTION: '5000' });
      const { sequence } = (await ada.get(`/rooms/${roomId}`)).body;
      const raise = raiser(server, ada, roomId);
      for (let change = 0; change < 12; change += 1) await raise.critical(100);
      const options = { transports: [via], afterSequence: sequence };
      const back = keep(await listen(server.url, ada, roomId, options));
      await back.until(() => back.sequences.length >= 1200, 'the replay');
      await eventually(() => server.app.get(RoomStreams).sizeOf(roomId).pendingConfirmations === 0);
      expect(back.socket.connected).toBe(true);
      expect(await metrics()).toContain('roomcast_flooding_connections_closed_total 0');
    },
  );

  it('reaches sockets in two namespace objects of one room', async () => {
    await start({ TRANSPORT: transport });
    const first = keep(await listen(server.url, ada, roomId));
    // Socket.IO makes another namespace object of the same name once it has removed the first.
    const { nsp } = serverSocketOf(server, first);
    const namespaces = (nsp as unknown as { server: { _nsps: Map<string, unknown> } }).server._nsps;
    namespaces.delete(nsp.name);
    const second = keep(await listen(server.url, bob, roomId));
    expect(serverSocketOf(server, second).nsp).not.toBe(nsp);
    const raise = raiser(server, ada, roomId);
    await raise.high();
    const [last] = await raise.critical();
    for (const listener of [first, second]) {
      await listener.until(() => listener.sequences.at(-1) === last!.metadata.sequence);
    }
    expect(second.sequences.slice(-2)).toEqual([last!.metadata.sequence! - 1, last!.metadata.sequence]);
  });

  it('closes a connection that stops reading, and no other', async () => {
    await start({ TRANSPORT: transport, EVENT_RETENTION: '100000' });
    const healthy = keep(new RawListener(server.url, ada, roomId));
    const stalled = keep(new RawListener(server.url, bob, roomId));
    await eventually(() => healthy.established && stalled.established);
    stalled.stall();
    const { high } = raiser(server, ada, roomId);
    const slowClosed = async () => /slow_connections_closed_total (\d+)/.exec(await metrics())?.[1];
    await eventually(
      async () => {
        await high(200, 'x'.repeat(900));
        return (await slowClosed()) === '1';
      },
      'the stalled connection to be closed',
      25_000,
    );
    expect(healthy.open).toBe(true);
  });

  it('delivers to the lobby, which stays connected when the user’s room connection is closed', async () => {
    await start({ TRANSPORT: transport });
    const lobby = keep(await listenToLobby(server.url, bob));
    const his = keep(await listen(server.url, bob, roomId));
    const created = await roomOf(ada);
    await lobby.next('room_created', ({ data }) => data.room.id === created.id);
    await ada.delete(`/rooms/${created.id}`);
    await lobby.next('room_deleted', ({ data }) => data.room_id === created.id);
    await ada.delete(`/rooms/${roomId}/participants/${bob.user.id}`);
    await his.next('user_left');
    await his.closed();
    expect(lobby.socket.connected).toBe(true);
  });

  it('leaves ordinary Socket.IO code working: on, onAny, emitWithAck, and the gateway’s handleDisconnect', async () => {
    const disconnected = jest.spyOn(RoomGateway.prototype, 'handleDisconnect');
    try {
      await start({ TRANSPORT: transport });
      let unconfirmed: (() => void)[] = [];
      const hers = keep(
        await listen(server.url, ada, roomId, {
          confirm: (event, done) =>
            (event as unknown) === 'question'
              ? (done as (answer: string) => void)('answer')
              : unconfirmed.push(done),
        }),
      );
      const socket = serverSocketOf(server, hers);
      const heard: unknown[] = [];
      socket.on('custom', (value: unknown, done: (answer: unknown) => void) => {
        heard.push(value);
        done({ got: value });
      });
      socket.onAny((name: string) => heard.push(name));
      expect(await hers.ask('custom', 5)).toEqual({ got: 5 });
      expect(await hers.ask('time_sync', {})).toMatchObject({ ok: true });
      expect(await hers.ask('nothing', {})).toMatchObject({ ok: false, error: { code: 'unknown_message' } });
      expect(await hers.ask('error', {})).toMatchObject({ ok: false, error: { code: 'unknown_message' } });
      expect(heard).toEqual(['custom', 5, 'time_sync', 'nothing', 'error']);
      // While confirmations of ours are pending, and with the same numbers.
      const raised = await raiser(server, ada, roomId).critical(5);
      await eventually(() => unconfirmed.length === 5);
      const answers = await Promise.all(
        Array.from(
          { length: 8 },
          () => socket.timeout(5000).emitWithAck('asked', 'question') as Promise<unknown>,
        ),
      );
      expect(answers).toEqual(Array(8).fill('answer'));
      for (const confirm of unconfirmed) confirm();
      unconfirmed = [];
      for (const { event_id } of raised) {
        await eventually(async () => (await reportOf(event_id)).confirmed === 1, 'the confirmation');
      }
      hers.close();
      await eventually(() => disconnected.mock.calls.length === 1, 'handleDisconnect');
      expect(disconnected.mock.calls[0]).toEqual([socket, 'client namespace disconnect']);
    } finally {
      disconnected.mockRestore();
    }
  });
});

/** Changes members below the public interfaces in ways that another version might. */
describe('the fast transport’s self-check', () => {
  const { Socket: EngineSocket } = require('engine.io') as { Socket: { prototype: object } };
  const ws = require('ws') as { WebSocket: { prototype: object }; Sender: { frame: unknown } };

  /** Makes a member of all instances look renamed. */
  function hide(prototype: object, name: string): () => void {
    const hidden = new WeakMap<object, unknown>();
    const known = Object.getOwnPropertyDescriptor(prototype, name);
    Object.defineProperty(prototype, name, {
      configurable: true,
      get(this: object) {
        // The library itself finds it; code outside its folder reads undefined.
        return /node_modules.(engine\.io|ws|socket\.io)/.test(new Error().stack!.split('\n')[2] ?? '')
          ? hidden.get(this)
          : undefined;
      },
      set(this: object, value: unknown) {
        hidden.set(this, value);
      },
    });
    return () => {
      if (known) Object.defineProperty(prototype, name, known);
      else delete (prototype as Record<string, unknown>)[name];
    };
  }

  const changes: [string, () => () => void][] = [
    ['Engine.IO renames writeBuffer', () => hide(EngineSocket.prototype, 'writeBuffer')],
    ['ws renames _socket', () => hide(ws.WebSocket.prototype, '_socket')],
    [
      'ws computes frames in another way',
      () => {
        const { frame } = ws.Sender;
        ws.Sender.frame = () => [Buffer.from('no frame')];
        return () => (ws.Sender.frame = frame);
      },
    ],
    [
      'Engine.IO ignores pre-encoded frames and delays writes',
      () => {
        const prototype = EngineSocket.prototype as { flush: () => void };
        const { flush } = prototype;
        prototype.flush = function (this: object) {
          setTimeout(() => flush.call(this), 5);
        };
        return () => (prototype.flush = flush);
      },
    ],
  ];

  it.each(changes)('fails if %s, and the server uses the standard transport', async (_, change) => {
    const restore = change();
    try {
      await start({ TRANSPORT: 'fast' });
    } finally {
      restore();
    }
    expect(server.app.get(SocketTransport).kind).toBe('standard');
    expect(await metrics()).toContain('roomcast_transport{transport="standard"} 1');
    const hers = keep(await listen(server.url, ada, roomId));
    const [event] = await raiser(server, ada, roomId).critical();
    await hers.until(() => hers.sequences.at(-1) === event!.metadata.sequence);
    await eventually(async () => (await reportOf(event!.event_id)).confirmed === 1);
  });

  it('succeeds with the versions that are installed', async () => {
    await start({});
    await expect(selfCheck()).resolves.toBeUndefined();
    await request(server.url, 'GET', '/time');
  });
});
