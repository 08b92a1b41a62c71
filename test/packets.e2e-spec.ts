import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { DeliveryReportsService } from '../src/delivery/reports/delivery-reports.service.js';
import { RoomStreams } from '../src/delivery/room-streams.js';
import { SocketTransport } from '../src/gateway/transport/socket-transport.js';
import { RoomStateService } from '../src/room-state/room-state.service.js';
import { guest, type Person, roomOf } from './support/api.js';
import { eventually } from './support/listener.js';
import { raiser } from './support/raise.js';
import { startServer, type TestServer } from './support/server.js';

let server: TestServer;
let ada: Person;
let streams: RoomStreams;
const opened: RawConnection[] = [];

beforeAll(async () => {
  server = await startServer({ CONFIRMATION_TIMEOUT_MS: '300' });
  ada = await guest(server.url, 'ada');
  streams = server.app.get(RoomStreams);
});
afterEach(() => {
  for (const connection of opened.splice(0)) connection.close();
});
afterAll(() => server.close());

/** Engine.IO without a client library, so that packets can be sent at moments when a library would not. */
interface RawConnection {
  readonly packets: string[];
  readonly closed: boolean;
  send(...packets: string[]): Promise<void>;
  close(): void;
}

async function overWebSocket(): Promise<RawConnection> {
  const ws = new WebSocket(`${server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
  const packets: string[] = [];
  ws.on('message', (data: Buffer) => packets.push(data.toString()));
  await eventually(() => packets.length > 0, 'the handshake');
  return {
    packets,
    get closed() {
      return ws.readyState !== WebSocket.OPEN;
    },
    send: (...sent) => Promise.resolve(sent.forEach((packet) => ws.send(packet))),
    close: () => ws.terminate(),
  };
}

async function overPolling(): Promise<RawConnection> {
  const base = `${server.url}/socket.io/?EIO=4&transport=polling`;
  const { sid } = JSON.parse((await (await fetch(base)).text()).slice(1)) as { sid: string };
  const packets: string[] = [];
  const ending = new AbortController();
  let closed = false;
  const poll = async () => {
    while (!closed) {
      const answer = await fetch(`${base}&sid=${sid}`, { signal: ending.signal });
      const text = await answer.text();
      // Asked to close, or the session no longer exists.
      closed ||= !answer.ok || text === '1';
      packets.push(...text.split('\x1e'));
    }
  };
  void poll().catch(() => (closed = true));
  return {
    packets,
    get closed() {
      return closed;
    },
    async send(...sent) {
      await fetch(`${base}&sid=${sid}`, {
        method: 'POST',
        body: sent.join('\x1e'),
        headers: { 'content-type': 'text/plain' },
      });
    },
    close: () => ending.abort(),
  };
}

/** A connection that is in these namespaces. */
async function enter(open: () => Promise<RawConnection>, namespaces: string[]): Promise<RawConnection> {
  const connection = await open();
  opened.push(connection);
  for (const namespace of namespaces) await reenter(connection, namespace);
  return connection;
}

async function reenter({ packets, send }: RawConnection, namespace: string): Promise<void> {
  const address = namespace === '/' ? '' : `${namespace},`;
  const from = packets.length;
  await send(`40${address}${JSON.stringify({ token: ada.token })}`);
  // The server sends a room's state by itself.
  const sign = namespace === '/' ? '40{' : `42${address}["connection_established"`;
  await eventually(
    () => packets.slice(from).some((packet) => packet.startsWith(sign)),
    `entering ${namespace}`,
  );
}

const transports = [
  ['WebSocket', overWebSocket],
  ['polling', overPolling],
] as const;

describe.each(transports)('several namespaces over one connection, %s', (_, open) => {
  it('packets for a namespace that was left are ignored up to a limit, and beyond it close the connection', async () => {
    const { id } = await roomOf(ada);
    const room = `/rooms/${id}`;
    const connection = await enter(open, ['/', room]);
    const state = server.app.get(RoomStateService);
    const read = state.read.bind(state);
    let reads = 0;
    state.read = (...given) => {
      reads += 1;
      return read(...given);
    };
    try {
      // Immediately, and again after the server has processed the leave.
      await connection.send(`41${room},`, `42${room},1["room_state",{}]`, `43${room},3[]`);
      await eventually(() => streams.sizeOf(id).connections === 0, 'the room to be left');
      await connection.send(`42${room},2["room_state",{}]`, `43${room},3[]`, `41${room},`);
      await connection.send('423["time_sync",{}]');
      await eventually(() => connection.packets.some((packet) => packet.startsWith('433[')), 'the lobby');
      expect(connection.closed).toBe(false);
      expect(reads).toBe(0);
    } finally {
      state.read = read;
    }
    // More late packets than any client has in transit.
    for (let more = 0; more < 101; more += 1) {
      await connection.send(...Array.from({ length: 100 }, () => `43${room},3[]`));
    }
    await eventually(() => connection.closed, 'the end of it');
  });

  it('an acknowledgement counts in its own namespace, also after that was left and joined again', async () => {
    const ids = [(await roomOf(ada)).id, (await roomOf(ada)).id];
    const rooms = ids.map((id) => `/rooms/${id}`);
    const connection = await enter(open, ['/', ...rooms]);
    await connection.send(`41${rooms[0]},`);
    await eventually(() => streams.sizeOf(ids[0]!).connections === 0, 'the room to be left');
    await reenter(connection, rooms[0]!);
    const reports = server.app.get(DeliveryReportsService);
    for (const [index, id] of ids.entries()) {
      const [event] = await raiser(server, ada, id).critical();
      const ackIdOf = (packet: string) =>
        packet.startsWith(`42${rooms[index]},`) && packet.includes(event!.event_id)
          ? /^42[^,]+,(\d+)\[/.exec(packet)?.[1]
          : undefined;
      await eventually(() => connection.packets.some(ackIdOf), 'the event');
      await connection.send(`43${rooms[index]},${connection.packets.map(ackIdOf).find(Boolean)}[]`);
      await eventually(() => streams.sizeOf(id).pendingConfirmations === 0, 'the confirmation');
      await reports.flush();
      const { body } = await ada.get(`/rooms/${id}/events/${event!.event_id}/delivery`);
      expect(body.delivery).toMatchObject({ expected: 1, confirmed: 1, attempts: 1 });
    }
  });
});

it('the state and the missed events are sent in few writes', async () => {
  const { id } = await roomOf(ada);
  const { sequence } = (await ada.get(`/rooms/${id}`)).body;
  await raiser(server, ada, id).high(60);
  // Counted at the TCP socket: each is one system call.
  let writes = 0;
  server.app.getHttpServer().once('connection', (tcp: Socket & Pick<Duplex, '_write' | '_writev'>) => {
    for (const call of ['_write', '_writev'] as const) {
      const original = tcp[call]!.bind(tcp) as (...given: unknown[]) => void;
      tcp[call] = (...given: unknown[]) => {
        writes += 1;
        original(...given);
      };
    }
  });
  const connection = await overWebSocket();
  opened.push(connection);
  const before = writes;
  expect(before).toBeGreaterThan(0);
  await connection.send(`40/rooms/${id},${JSON.stringify({ token: ada.token, after_sequence: sequence })}`);
  const replayed = () =>
    connection.packets.filter((packet) => /"(queue_reordered|user_connected_websocket)",/.test(packet));
  // Those raised above, and the connection's own.
  await eventually(() => replayed().length === 61, 'what was missed');
  // The answer to CONNECT is a write of its own. The standard transport cannot make Engine.IO join its packets.
  const isFast = server.app.get(SocketTransport).kind === 'fast';
  expect(writes - before).toBeLessThanOrEqual(isFast ? 4 : 64);
});

it('a message in hundreds of fragments closes the connection before they are held in memory', async () => {
  const ws = new WebSocket(`${server.url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
  await new Promise((resolve) => ws.once('open', resolve));
  const closed = new Promise<number>((resolve) => ws.once('close', resolve));
  for (let fragment = 0; fragment < 300; fragment += 1) ws.send('4', { fin: false });
  expect(await closed).toBe(1008);
});

it('a WebSocket that probes an upgrade again and again is closed, with its connection', async () => {
  const limited = await startServer({ RATE_LIMIT: 'on' });
  try {
    const base = `${limited.url}/socket.io/?EIO=4`;
    const { sid } = JSON.parse((await (await fetch(`${base}&transport=polling`)).text()).slice(1)) as {
      sid: string;
    };
    const ws = new WebSocket(`${base.replace('http', 'ws')}&transport=websocket&sid=${sid}`);
    await new Promise((resolve) => ws.once('open', resolve));
    let answers = 0;
    ws.on('message', () => (answers += 1));
    const closed = new Promise((resolve) => ws.once('close', resolve));
    for (let probe = 0; probe < 2000; probe += 1) ws.send('2probe');
    await closed;
    expect(answers).toBeLessThan(1000);
    expect((await fetch(`${base}&transport=polling&sid=${sid}`)).status).toBe(400);
  } finally {
    await limited.close();
  }
});
