import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { WebSocket } from 'ws';
import type { Envelope } from '../../../contract/index.js';
import type { Connection } from '../../../delivery/connection.js';
import { OutgoingEvent } from '../../../delivery/event-socket.js';
import { setConnection } from '../../socket-data.js';
import { receiveConfirmations, stopConfirmations } from './acknowledgements.js';
import { FastSocket } from './fast-socket.js';
import { ackIdBase } from './frame.js';
import { engineOf } from './internals.js';

const timeoutMs = 2000;

/** A small event; its content does not matter. */
const envelope = {
  event_id: 'self-check',
  type: 'server_status',
  data: {},
  metadata: {},
} as unknown as Envelope;

/**
 * Proves over a loopback connection that everything the fast transport does below the public interfaces of Engine.IO
 * and ws works: that frames arrive whole and in order with what Socket.IO sends, that queued packets are seen, that
 * confirmations are read and Socket.IO's own acknowledgements still work.
 * @throws {Error} that names what does not
 */
export async function selfCheck(): Promise<void> {
  const http = createServer();
  const io = new Server(http, { serveClient: false, transports: ['websocket'] });
  let client: WebSocket | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const { port } = http.address() as AddressInfo;
    const connected = once(io, 'connection') as Promise<[Socket]>;
    client = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
    const failed = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no result within ${timeoutMs} ms`)), timeoutMs);
      client!.on('error', reject);
    });
    await Promise.race([exchange(client, connected), failed]);
  } finally {
    clearTimeout(timer);
    client?.terminate();
    await io.close();
  }
}

async function exchange(client: WebSocket, connected: Promise<[Socket]>): Promise<void> {
  const received: string[] = [];
  let onMessage: () => void = () => undefined;
  client.on('message', (data: Buffer) => {
    const text = data.toString();
    if (text.startsWith('0')) client.send('40');
    received.push(text);
    onMessage();
  });
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve) => {
      onMessage = () => condition() && resolve();
      onMessage();
    });
  await once(client, 'open');
  const [socket] = await connected;
  await until(() => received.length === 2);
  received.length = 0;

  const confirmed: number[] = [];
  const receiver = { confirm: (ackId: number) => confirmed.push(ackId) > 0 };
  setConnection(socket, receiver as unknown as Connection);
  receiveConfirmations(socket, () => undefined);
  const fast = new FastSocket(socket);
  check(
    typeof engineOf(socket).transport.socket?._socket?.bytesWritten === 'number',
    'the TCP socket is found',
  );
  check(fast.isIdle && fast.queuedPackets === 0 && fast.queuedBytes === 0, 'an idle connection is seen');

  let wasFlushed = false;
  fast.batch(() => {
    fast.send(new OutgoingEvent('/', envelope, undefined));
    fast.send(new OutgoingEvent('/', envelope, 7), () => (wasFlushed = true));
  });
  // Without a timeout of its own, whose timer would outlive a failed check.
  const answered = socket.emitWithAck('by Socket.IO') as Promise<unknown>;
  // Engine.IO is busy with that: these have to be queued behind it.
  socket.emit('queued');
  fast.send(new OutgoingEvent('/', envelope, 8));
  check(fast.queuedPackets === 2 && fast.queuedBytes > 0 && !fast.isIdle, 'queued packets are seen');
  await until(() => received.length === 5);
  const body = JSON.stringify([envelope.type, envelope]);
  const socketIoAckId = /^42(\d+)\["by Socket\.IO"\]$/.exec(received[2] ?? '')?.[1];
  check(received[0] === `42${body}` && received[1] === `42${ackIdBase + 7}${body}`, 'frames arrive');
  check(socketIoAckId !== undefined && received[4] === `42${ackIdBase + 8}${body}`, 'the order is kept');
  check(wasFlushed, 'the end of a write is told');

  client.send(`43${ackIdBase + 7}[]`);
  client.send(`43${socketIoAckId}["answer"]`);
  check((await answered) === 'answer', 'acknowledgements of Socket.IO work');
  check(confirmed.length === 1 && confirmed[0] === 7, 'confirmations are read');
  stopConfirmations(socket);
}

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`expected that ${what}`);
}
