import { Manager } from 'socket.io-client';
import { RoomcastError, type Refusal } from '../errors.js';
import type { ServerAddress } from '../http/address.js';
import type { OpenTransport } from './transport.js';

const connectTimeoutMs = 10_000;

/**
 * Connections over Socket.IO. Each has a manager of its own, so that cutting one affects no other, and nothing that
 * arrived on an earlier connection can reach a later one. Socket.IO's own reconnecting is off: `Link` does that.
 */
export const socketIoTransport =
  ({ origin, path }: ServerAddress): OpenTransport =>
  ({ namespace, auth }, listener) => {
    const manager = new Manager(origin, {
      path: `${path}/socket.io`,
      reconnection: false,
      autoConnect: false,
      timeout: connectTimeoutMs,
      // WebSocket at once saves round trips; long polling is for networks that block it.
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      // Load balancers may send all connections of a room to the same node.
      ...(namespace === '/' ? {} : { query: { room: namespace.slice(namespace.lastIndexOf('/') + 1) } }),
    });
    const socket = manager.socket(namespace, { auth });
    let isOver = false;
    const forget = (): boolean => {
      if (isOver) return false;
      isOver = true;
      socket.offAny();
      socket.off();
      return true;
    };
    const leave = () => {
      if (forget()) socket.disconnect();
    };
    const end = (tell: () => void): void => {
      if (isOver) return;
      leave();
      tell();
    };
    socket.on('connect', () => listener.connected());
    socket.onAny((_type: string, event: unknown, confirm?: () => void) => listener.received(event, confirm));
    socket.on('connect_error', (error: Error & { data?: Refusal }) =>
      end(() => listener.refused(error.data)),
    );
    socket.on('disconnect', (reason) =>
      end(() => listener.ended(reason === 'io server disconnect' ? 'server' : 'network')),
    );
    socket.connect();
    return {
      async ask(message, payload, timeoutMs) {
        if (isOver) throw new RoomcastError('network', 'The connection has ended.');
        try {
          return (await socket.timeout(timeoutMs).emitWithAck(message, payload)) as unknown;
        } catch (cause) {
          throw new RoomcastError('network', `The server did not answer ${message}.`, { cause });
        }
      },
      leave,
      drop: () => {
        // `disconnect` would tell the server that this client leaves the namespace.
        if (forget()) manager.engine?.close();
      },
    };
  };
