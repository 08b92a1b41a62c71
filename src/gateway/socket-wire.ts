import type { Socket as TcpSocket } from 'node:net';
import type { Socket } from 'socket.io';
import { WebSocket } from 'ws';
import type { Frame } from './frame.js';
import type { Wire } from './wire.js';

/**
 * Where we reach below the public interface of Socket.IO 4.8, Engine.IO 6.6 and ws 8, and why: a frame that is
 * the same for everyone is encoded once and written to each TCP socket as it is, a confirmation is read without
 * parsing or keeping a callback for each event and socket, and a socket that does not read is seen and can be
 * cut. Together this is what delivery costs; see docs/benchmarks.md.
 */
interface WsSocket {
  readyState: number;
  bufferedAmount: number;
  terminate(): void;
  _socket: TcpSocket | null;
  listeners(event: 'message'): unknown[];
  removeAllListeners(event: 'message'): void;
  on(event: 'message', receive: (data: Buffer, isBinary: boolean) => void): void;
}
interface Internals {
  onack(packet: { id: number }): void;
}
interface EngineSocket {
  readyState: string;
  upgrading: boolean;
  writeBuffer: unknown[];
  transport: { name: string; writable: boolean; socket?: WsSocket };
  write(data: string, options: object, sent?: () => void): void;
  close(discard?: boolean): void;
}

const engineOf = (socket: Socket): EngineSocket => socket.conn as unknown as EngineSocket;

/** A Socket.IO socket as a way out. */
export class SocketWire implements Wire {
  readonly #engine: EngineSocket;
  /** Of the frames that wait in Engine.IO's buffer. */
  #bufferedBytes = 0;

  constructor(private readonly socket: Socket) {
    this.#engine = engineOf(socket);
  }

  get id(): string {
    return this.socket.id;
  }

  get idle(): boolean {
    const engine = this.#engine;
    if (engine.writeBuffer.length > 0) return false;
    const tcp = engine.transport.socket?._socket;
    return tcp ? tcp.writableLength === 0 : engine.transport.writable;
  }

  get waitingFrames(): number {
    return this.#engine.writeBuffer.length;
  }

  get waitingBytes(): number {
    const buffered = this.#engine.writeBuffer.length === 0 ? 0 : this.#bufferedBytes;
    return buffered + (this.#engine.transport.socket?.bufferedAmount ?? 0);
  }

  write(frame: Frame, sent?: () => void): void {
    const engine = this.#engine;
    if (!this.socket.connected) return;
    if (engine.writeBuffer.length === 0 && engine.readyState === 'open' && !engine.upgrading) {
      const ws = engine.transport.socket;
      // Nothing waits in the layers between, so that writing below them keeps the order.
      if (ws?._socket && ws.readyState === WebSocket.OPEN) {
        ws._socket.write(frame.bytes, sent);
        return;
      }
    }
    engine.write(frame.packet, frame.options, sent);
    // Engine.IO hands over its whole buffer at once, so that a lone packet in it means the others have gone.
    const waiting = engine.writeBuffer.length;
    if (waiting > 0) {
      this.#bufferedBytes = waiting === 1 ? frame.bytes.length : this.#bufferedBytes + frame.bytes.length;
    }
  }

  end(how: 'leave' | 'reconnect'): void {
    if (how === 'leave') this.socket.disconnect();
    else this.#engine.close();
  }

  cut(): void {
    const { socket } = this.#engine.transport;
    // A closing handshake would wait for a peer that does not read.
    if (socket) socket.terminate();
    else this.#engine.close(true);
  }
}

type Receive = (ackId: number) => void;
/** Who takes the acknowledgements of each namespace of a WebSocket. */
const receivers = new WeakMap<WsSocket, Map<string, Receive>>();

/** Calls back for each acknowledgement of this socket's namespace. */
export function onAcknowledgement(socket: Socket, receive: Receive): void {
  // Over other transports they come the long way, and would be looked up among callbacks.
  (socket as unknown as Internals).onack = ({ id }) => receive(id);
  const ws = engineOf(socket).transport.socket;
  if (!ws) return;
  let byNamespace = receivers.get(ws);
  if (!byNamespace) {
    byNamespace = new Map();
    receivers.set(ws, byNamespace);
    readAcknowledgements(ws, byNamespace);
  }
  byNamespace.set(socket.nsp.name, receive);
  socket.once('disconnect', () => byNamespace.delete(socket.nsp.name));
}

/** Stands before Engine.IO and takes acknowledgements; everything else goes on to it. */
function readAcknowledgements(ws: WsSocket, byNamespace: ReadonlyMap<string, Receive>): void {
  const pass = ws.listeners('message') as ((data: Buffer, isBinary: boolean) => void)[];
  ws.removeAllListeners('message');
  ws.on('message', (data, isBinary) => {
    const ack = isBinary ? undefined : readAcknowledgement(data);
    const receive = ack && byNamespace.get(ack.namespace);
    if (receive) receive(ack.id);
    else for (const listener of pass) listener.call(ws, data, isBinary);
  });
}

const three = 0x33;
const four = 0x34;
const slash = 0x2f;
const comma = 0x2c;
const bracket = 0x5b;
const endBracket = 0x5d;

/**
 * An acknowledgement in a WebSocket message: `4` for Engine.IO's message, `3` for Socket.IO's acknowledgement, the
 * namespace and a comma unless it is `/`, the number, a JSON array. What the array carries is not asked for.
 */
export function readAcknowledgement(data: Buffer): { namespace: string; id: number } | undefined {
  if (data[0] !== four || data[1] !== three || data.at(-1) !== endBracket) return undefined;
  let at = 2;
  let namespace = '/';
  if (data[2] === slash) {
    const end = data.indexOf(comma);
    if (end === -1) return undefined;
    namespace = data.toString('latin1', 2, end);
    at = end + 1;
  }
  const from = at;
  let id = 0;
  for (; at < data.length; at += 1) {
    const digit = data[at]! - 0x30;
    if (digit < 0 || digit > 9) break;
    id = id * 10 + digit;
  }
  return at > from && data[at] === bracket ? { namespace, id } : undefined;
}
