import type { Socket } from 'socket.io';
import { type Client, engineOf, internalsOf, type WsSocket } from './internals.js';
import { countPacket } from '../../packet-guard.js';

/** Who takes a connection's acknowledgements. */
export interface AckReceiver {
  /** @returns whether a confirmation of this number was expected */
  confirmed(ackId: number): boolean;
}

/** Has a socket's acknowledgements go to `receiver`; to be released when it has left its namespace. */
export function receiveAcknowledgements(socket: Socket, receiver: AckReceiver): void {
  (socket.data as { receiver?: AckReceiver }).receiver = receiver;
  internalsOf(socket).onack = onack;
  forgiveLatecomers(internalsOf(socket).client);
  const ws = engineOf(socket).transport.socket;
  if (ws) enter(ws, socket);
}

export function releaseAcknowledgements(socket: Socket): void {
  const here = socketsOf.get(engineOf(socket).transport.socket!);
  const at = here?.indexOf(socket) ?? -1;
  // One that was upgraded to a WebSocket later has never been there.
  if (at !== -1) here!.splice(at, 1);
}

/** Over other transports acknowledgements come the long way, and would be looked up among callbacks. */
function onack(this: Socket, { id }: { id: number }): void {
  receiverOf(this)?.confirmed(id);
}

const receiverOf = (socket: Socket): AckReceiver | undefined =>
  (socket.data as { receiver?: AckReceiver }).receiver;

/** What is in a namespace over a WebSocket: one socket, or a few. */
const socketsOf = new WeakMap<WsSocket, Socket[]>();

function enter(ws: WsSocket, socket: Socket): void {
  const here = socketsOf.get(ws);
  if (here) {
    here.push(socket);
    return;
  }
  const first = [socket];
  socketsOf.set(ws, first);
  readAcknowledgements(ws, first);
}

/** Stands before Engine.IO and takes acknowledgements; everything else goes on to it. */
function readAcknowledgements(ws: WsSocket, here: readonly Socket[]): void {
  const pass = ws.listeners('message') as ((data: Buffer, isBinary: boolean) => void)[];
  ws.removeAllListeners('message');
  ws.on('message', (data, isBinary) => {
    const ack = isBinary ? undefined : readAcknowledgement(data);
    const socket = ack && here.find(({ nsp }) => nsp.name === ack.namespace);
    if (socket) {
      if (!receiverOf(socket)?.confirmed(ack.id)) countPacket(ws);
    } else for (const listener of pass) listener.call(ws, data, isBinary);
  });
}

const connect = 0;
/** So many late packets a connection may send; more than could be under way is no accident. */
const mostLate = 10_000;
const forgiving = new WeakSet<Client>();

/**
 * What a client sent before it learnt that it was taken out of a namespace is late, not wrong. Socket.IO closes
 * the whole connection for it, with every other namespace on it.
 */
function forgiveLatecomers(client: Client): void {
  if (forgiving.has(client)) return;
  forgiving.add(client);
  const { decoder, nsps } = client;
  const [take] = decoder.listeners('decoded');
  if (!take) return;
  let late = 0;
  decoder.off('decoded');
  decoder.on('decoded', (packet) => {
    if (packet.type === connect || nsps.has(packet.nsp) || ++late > mostLate) take(packet);
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
  const from = at;
  let id = 0;
  for (; at < data.length; at += 1) {
    const digit = data[at]! - 0x30;
    if (digit < 0 || digit > 9) break;
    id = id * 10 + digit;
  }
  return at > from && data[at] === bracket ? { namespace, id } : undefined;
}
