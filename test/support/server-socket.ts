import type { Socket } from 'socket.io';
import { RoomStreams } from '../../src/delivery/room-streams.js';
import type { Listener } from './listener.js';
import type { TestServer } from './server.js';

/** The server's socket of a listener. */
export function serverSocketOf({ app }: TestServer, { socket }: Listener): Socket {
  for (const connection of app.get(RoomStreams).connections()) {
    if (connection.id === socket.id) return (connection.socket as unknown as { socket: Socket }).socket;
  }
  throw new Error('there is no such socket');
}
