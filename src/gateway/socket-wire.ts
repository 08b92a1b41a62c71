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
  onack(this: Socket, packet: { id: number }): void;
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

/** Who takes a connection's acknowledgements. */
export interface AckReceiver {
  confirmed(ackId: number): void;
}

/** A Socket.IO socket as a way out. */
export class SocketWire implements Wire {
  readonly #engine: EngineSocket;
  /** Who is told of acknowledgements. */
  receiver: AckReceiver | undefined;
  /** Of the frames that wait in Engine.IO's buffer. */
  #bufferedBytes = 0;

  constructor(private readonly socket: Socket) {
    this.#engine = engineOf(socket);
  }

  get id(): string {
    return this.socket.id;
  }

  get namespace(): string {
    return this.socket.nsp.name;
  }

  /** Has acknowledgements go to `receiver` from now on. To be released when the socket has left its namespace. */
  open(receiver: AckReceiver): void {
    this.receiver = receiver;
    (this.socket.data as { wire?: SocketWire }).wire = this;
    (this.socket as unknown as Internals).onack = onack;
    this.socket.on('error', ignore);
    const ws = this.#engine.transport.socket;
    if (ws) enter(ws, this);
  }

  release(): void {
    const ws = this.#engine.transport.socket;
    if (ws) leave(ws, this);
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

  together(write: () => void): void {
    const tcp = this.#engine.transport.socket?._socket;
    tcp?.cork();
    try {
      write();
    } finally {
      tcp?.uncork();
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

/** Who has open namespaces on a WebSocket: one, or a few. */
const wires = new WeakMap<WsSocket, SocketWire[]>();

function enter(ws: WsSocket, wire: SocketWire): void {
  const here = wires.get(ws);
  if (here) {
    here.push(wire);
    return;
  }
  const first = [wire];
  wires.set(ws, first);
  readAcknowledgements(ws, first);
}

function leave(ws: WsSocket, wire: SocketWire): void {
  const here = wires.get(ws);
  const at = here?.indexOf(wire) ?? -1;
  // A connection that was upgraded later has never been here.
  if (at !== -1) here!.splice(at, 1);
}

/** Over other transports acknowledgements come the long way, and would be looked up among callbacks. */
function onack(this: Socket, { id }: { id: number }): void {
  (this.data as { wire?: SocketWire }).wire?.receiver?.confirmed(id);
}

/** A packet that breaks the protocol closes the connection; without a listener it would end the process. */
const ignore = (): void => undefined;

/** Stands before Engine.IO and takes acknowledgements; everything else goes on to it. */
function readAcknowledgements(ws: WsSocket, here: readonly SocketWire[]): void {
  const pass = ws.listeners('message') as ((data: Buffer, isBinary: boolean) => void)[];
  ws.removeAllListeners('message');
  ws.on('message', (data, isBinary) => {
    const ack = isBinary ? undefined : readAcknowledgement(data);
    const wire = ack && here.find(({ namespace }) => namespace === ack.namespace);
    if (wire) wire.receiver?.confirmed(ack.id);
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
