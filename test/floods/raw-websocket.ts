import { once } from 'node:events';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { attackerAddress, type Attempt, occurrences } from './attack.js';

/** An Engine.IO connection over WebSocket on which an attacker writes whatever bytes it likes. */
export interface RawWebSocket {
  tcp: Socket;
  send(packet: string): void;
  /** The next packet that begins like this; rejects when the connection closes. */
  packet(start: string): Promise<string>;
  /** From now on nothing is read from the TCP socket. */
  stopReading(): void;
  /** From now on everything is read and dropped, so that reading costs the attacker little; refusals are counted. */
  discard(): void;
  /** Closes it from here; not counted as closed by the server. */
  close(): Promise<void>;
}

/** Opens a connection that ends with the attack. @param auth an `auth` to connect to the room with */
export async function openWebSocket(attempt: Attempt): Promise<RawWebSocket> {
  const { target, counts, signal } = attempt;
  const ws = new WebSocket(`ws://127.0.0.1:${target.port}/socket.io/?EIO=4&transport=websocket`, {
    localAddress: attackerAddress,
    perMessageDeflate: false,
  });
  let closing = false;
  const terminate = () => ws.terminate();
  signal.addEventListener('abort', terminate);
  ws.on('error', () => undefined);
  ws.on('unexpected-response', () => {
    counts.refused += 1;
    ws.terminate();
  });
  ws.on('close', () => {
    signal.removeEventListener('abort', terminate);
    if (!signal.aborted && !closing) counts.closed += 1;
  });
  const packet = async (start: string): Promise<string> => {
    const done = new AbortController();
    const closed = once(ws, 'close', { signal: done.signal }).then(() => {
      throw new Error('closed');
    });
    const received = new Promise<string>((resolve) => {
      const take = (data: Buffer) => {
        const text = data.toString();
        if (!text.startsWith(start)) return;
        ws.off('message', take);
        resolve(text);
      };
      ws.on('message', take);
    });
    closed.catch(() => undefined);
    return Promise.race([received, closed]).finally(() => done.abort());
  };
  await packet('0');
  const tcp = (ws as unknown as { _socket: Socket })._socket;
  return {
    tcp,
    send: (text) => ws.send(text),
    packet,
    stopReading: () => ws.pause(),
    discard() {
      tcp.removeAllListeners('data');
      tcp.on('data', (chunk: Buffer) => (counts.refused += occurrences(chunk, 'rate_limited')));
    },
    async close() {
      closing = true;
      if (tcp.destroyed) return;
      const closed = once(ws, 'close');
      ws.close();
      await closed;
    },
  };
}

/** Opens a connection to a room, as the guest of this number. */
export async function openRoom(attempt: Attempt, roomId: string, index: number): Promise<RawWebSocket> {
  const socket = await openWebSocket(attempt);
  await enterRoom(socket, attempt, roomId, index);
  return socket;
}

/** @throws {Error} if the server refuses */
async function enterRoom(
  socket: RawWebSocket,
  { target, counts }: Attempt,
  roomId: string,
  index: number,
): Promise<void> {
  const token = target.tokens[index % target.tokens.length];
  const answer = Promise.race([
    socket.packet(`42/rooms/${roomId},["connection_established"`),
    socket.packet(`44/rooms/${roomId},`),
  ]);
  socket.send(`40/rooms/${roomId},${JSON.stringify({ token })}`);
  if (!(await answer).startsWith('44')) return;
  counts.refused += 1;
  await socket.close();
  throw new Error('refused');
}

/** One frame of a client. It must be masked; a mask of zeros leaves the payload as it is. */
export function frame(payload: string, opcode: 'text' | 'ping' = 'text'): Buffer {
  const data = Buffer.from(payload);
  const long = data.length > 125;
  const head = Buffer.alloc(long ? 8 : 6);
  head[0] = 0x80 | (opcode === 'text' ? 1 : 9);
  head[1] = 0x80 | (long ? 126 : data.length);
  if (long) head.writeUInt16BE(data.length, 2);
  return Buffer.concat([head, data]);
}

/** The same frame so many times, to be written at once. */
export const frames = (payload: string, count: number, opcode?: 'text' | 'ping'): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => frame(payload, opcode)));
