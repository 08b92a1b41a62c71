import type { Socket as TcpSocket } from 'node:net';
import type { Socket } from 'socket.io';

/**
 * The members below the public interfaces that the fast transport uses, of Engine.IO 6.6 and ws 8. Outside this folder
 * only `PacketGuard` uses one of them, `transport.socket`. `selfCheck` proves at start that they work as expected.
 */
export interface FastWebSocket {
  readyState: number;
  bufferedAmount: number;
  _socket: TcpSocket | null;
  listeners(event: 'message'): unknown[];
  removeAllListeners(event: 'message'): void;
  on(event: 'message', receive: (data: Buffer, isBinary: boolean) => void): void;
}

/** The members of an Engine.IO connection that the fast transport uses. */
export interface FastEngineConnection {
  readyState: string;
  upgrading: boolean;
  writeBuffer: { data?: { length: number } }[];
  transport: { name: string; writable: boolean; socket?: FastWebSocket };
  write(data: string, options: object, sent?: () => void): void;
  close(discard?: boolean): void;
}

export const engineOf = (socket: Socket): FastEngineConnection =>
  socket.conn as unknown as FastEngineConnection;
