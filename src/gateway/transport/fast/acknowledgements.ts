import type { Socket } from 'socket.io';
import { connectionOf } from '../../socket-data.js';
import { ackIdBase } from './frame.js';
import { engineOf, type FastWebSocket } from './internals.js';

/** By Engine.IO connection: its client's sockets, one for each namespace that it is in. */
const socketsOf = new WeakMap<Socket['conn'], Socket[]>();

/**
 * Passes a socket's confirmations to its `Connection` without parsing them: they are recognised in the WebSocket
 * message before Engine.IO sees it; on connections that began with long polling, in Engine.IO's packets.
 * Acknowledgements that Socket.IO itself asked for are passed on to it. Call `stopConfirmations` when the socket has
 * left its namespace.
 * @param onUnexpected called for a confirmation over a WebSocket that was not asked for
 */
export function receiveConfirmations(socket: Socket, onUnexpected: () => void): void {
  const { conn } = socket;
  const known = socketsOf.get(conn);
  if (known) {
    known.push(socket);
    return;
  }
  const sockets = [socket];
  socketsOf.set(conn, sockets);
  const ws = engineOf(socket).transport.socket;
  if (ws) {
    readMessages(ws, sockets, onUnexpected);
    return;
  }
  // Long polling; and the messages of a WebSocket that it is upgraded to go through Engine.IO as well.
  conn.on('packet', ({ type, data }: { type: string; data?: unknown }) => {
    if (type === 'message' && typeof data === 'string') takeConfirmation(Buffer.from(`4${data}`), sockets);
  });
}

export function stopConfirmations(socket: Socket): void {
  const sockets = socketsOf.get(socket.conn);
  const index = sockets?.indexOf(socket) ?? -1;
  if (index !== -1) sockets!.splice(index, 1);
}

/** Replaces Engine.IO's listener by one that takes confirmations and forwards everything else to it. */
function readMessages(ws: FastWebSocket, sockets: readonly Socket[], onUnexpected: () => void): void {
  const forward = ws.listeners('message') as ((data: Buffer, isBinary: boolean) => void)[];
  ws.removeAllListeners('message');
  ws.on('message', (data, isBinary) => {
    const result = isBinary ? 'other' : takeConfirmation(data, sockets);
    if (result === 'unexpected') onUnexpected();
    else if (result === 'other') for (const listener of forward) listener.call(ws, data, isBinary);
  });
}

function takeConfirmation(data: Buffer, sockets: readonly Socket[]): 'confirmed' | 'unexpected' | 'other' {
  const ack = readAcknowledgement(data);
  if (!ack) return 'other';
  const socket = sockets.find(({ nsp }) => nsp.name === ack.namespace);
  if (!socket) return 'other';
  return connectionOf(socket)?.confirm(ack.id) ? 'confirmed' : 'unexpected';
}

const three = 0x33;
const four = 0x34;
const slash = 0x2f;
const comma = 0x2c;
const bracket = 0x5b;
const endBracket = 0x5d;

/**
 * Reads a confirmation from a WebSocket message: `4` for Engine.IO's message, `3` for Socket.IO's acknowledgement, the
 * namespace and a comma unless it is `/`, the number, a JSON array, which is not parsed.
 * @returns undefined for everything else, acknowledgements of Socket.IO's own callbacks included
 */
function readAcknowledgement(data: Buffer): { namespace: string; id: number } | undefined {
  if (data[0] !== four || data[1] !== three || data.at(-1) !== endBracket) return undefined;
  let at = 2;
  let namespace = '/';
  if (data[2] === slash) {
    const end = data.indexOf(comma);
    if (end === -1) return undefined;
    namespace = data.toString('latin1', 2, end);
    at = end + 1;
  }
  const start = at;
  let id = 0;
  for (; at < data.length; at += 1) {
    const digit = data[at]! - 0x30;
    if (digit < 0 || digit > 9) break;
    id = id * 10 + digit;
  }
  if (at === start || data[at] !== bracket || id < ackIdBase) return undefined;
  return { namespace, id: id - ackIdBase };
}
