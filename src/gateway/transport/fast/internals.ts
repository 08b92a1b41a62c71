import type { Socket as TcpSocket } from 'node:net';
import type { Socket } from 'socket.io';

/**
 * Where we reach below the public interface of Socket.IO 4.8, Engine.IO 6.6 and ws 8, and why: a frame that is
 * the same for everyone is encoded once and written to each TCP socket as it is, a confirmation is read without
 * parsing or keeping a callback for each event and socket, and a socket that does not read is seen and can be
 * cut. Together this is what delivery costs; see docs/benchmarks.md.
 */
export interface WsSocket {
  readyState: number;
  bufferedAmount: number;
  pause(): void;
  terminate(): void;
  _socket: TcpSocket | null;
  listeners(event: 'message'): unknown[];
  removeAllListeners(event: 'message'): void;
  on(event: 'message', receive: (data: Buffer, isBinary: boolean) => void): void;
  on(event: 'ping', receive: () => void): void;
}

export interface EngineSocket {
  readyState: string;
  upgrading: boolean;
  writeBuffer: { data?: { length: number } }[];
  transport: { name: string; writable: boolean; socket?: WsSocket };
  write(data: string, options: object, sent?: () => void): void;
  close(discard?: boolean): void;
}

export interface Packet {
  type: number;
  nsp: string;
}

/** All namespaces of one client, over one connection. */
export interface Client {
  nsps: ReadonlyMap<string, unknown>;
  decoder: {
    listeners(event: 'decoded'): ((packet: Packet) => void)[];
    off(event: 'decoded'): void;
    on(event: 'decoded', take: (packet: Packet) => void): void;
  };
}

export interface Internals {
  client: Client;
  onack(this: Socket, packet: { id: number }): void;
}

export const engineOf = (socket: Socket): EngineSocket => socket.conn as unknown as EngineSocket;
export const internalsOf = (socket: Socket): Internals => socket as unknown as Internals;
