import type { Socket } from 'socket.io';
import type { Caller } from '../auth/caller.js';
import type { Connection } from '../delivery/connection.js';
import type { Reader } from '../limits/expensive-reads.js';

/** What we keep in `socket.data`. */
interface SocketData {
  caller?: Caller;
  address?: string;
  connection?: Connection;
}

const dataOf = (socket: Socket): SocketData => socket.data as SocketData;

/** The room of a socket's namespace; null for the lobby. */
export const roomOf = (socket: Socket): string | null => /^\/rooms\/(.+)$/.exec(socket.nsp.name)?.[1] ?? null;

/** The user whom the admission middleware accepted. */
export function callerOf(socket: Socket): Caller {
  const { caller } = dataOf(socket);
  if (!caller) throw new Error('the socket was not admitted');
  return caller;
}

/** For whom the large reads of a socket are that the admission middleware accepted. */
export const readerOf = (socket: Socket): Reader => ({
  userId: callerOf(socket).user.id,
  address: dataOf(socket).address!,
});

/** @param address the key of the client's address */
export function setCaller(socket: Socket, caller: Caller, address: string): void {
  Object.assign(dataOf(socket), { caller, address });
}

/** The socket's connection to its room's stream; undefined before it has joined. */
export const connectionOf = (socket: Socket): Connection | undefined => dataOf(socket).connection;

export function setConnection(socket: Socket, connection: Connection): void {
  dataOf(socket).connection = connection;
}
