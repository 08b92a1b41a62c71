import type { Socket as EngineConnection } from 'engine.io';
import type { Socket } from 'socket.io';
import { Decoder, Encoder, type Packet, PacketType } from 'socket.io-parser';
import type { Envelope, RoomState } from '../../contract/index.js';
import { arrivedNow, recordArrival } from './arrival-times.js';

/** The JSON of rooms' states, which connections that arrive together share. */
const states = new WeakMap<RoomState, string>();

/** The arguments of an event as JSON. */
export function encodeBody(envelope: Envelope): string {
  if (envelope.type !== 'connection_established') return JSON.stringify([envelope.type, envelope]);
  const { room } = envelope.data;
  if (room === null) return JSON.stringify([envelope.type, envelope]);
  let state = states.get(room);
  if (state === undefined) states.set(room, (state = JSON.stringify(room)));
  // Last of the arguments' properties, so that it can be appended without a search.
  const { room: _, ...data } = envelope.data;
  const rest = JSON.stringify([envelope.type, { ...envelope, data: undefined }]).slice(0, -2);
  return `${rest},"data":${JSON.stringify(data).slice(0, -1)},"room":${state}}}]`;
}

/**
 * Envelopes that are encoded once for all sockets that are sent the same copy. Everything else is encoded as Socket.IO
 * does. Used through Socket.IO's public option `parser`; what is on the wire does not change.
 */
export class EventEncoder extends Encoder {
  /** Marks an envelope as shared, so that it is encoded once. It must not change afterwards. */
  static readonly shared = new WeakSet<object>();
  readonly #bodies = new WeakMap<Envelope, string>();

  override encode(packet: Packet): unknown[] {
    const { type, nsp, id } = packet;
    const data = packet.data as unknown[] | undefined;
    const envelope = data?.[1];
    if (type !== PacketType.EVENT || data?.length !== 2 || !isShared(envelope)) return super.encode(packet);
    return [`2${nsp === '/' ? '' : `${nsp},`}${id ?? ''}${this.#bodyOf(envelope)}`];
  }

  #bodyOf(envelope: Envelope): string {
    let body = this.#bodies.get(envelope);
    if (body === undefined) this.#bodies.set(envelope, (body = encodeBody(envelope)));
    return body;
  }
}

const isShared = (value: unknown): value is Envelope =>
  typeof value === 'object' && value !== null && EventEncoder.shared.has(value);

/** How many packets for namespaces that a client has left are ignored on one connection; one more closes it. */
const maxLatePackets = 10_000;

/** The namespaces that a connection's client was removed from, or has left. */
interface LeftNamespaces {
  names: Set<string>;
  latePackets: number;
}
const leftNamespaces = new WeakMap<EngineConnection, LeftNamespaces>();

/** Set while data of a connection that has left a namespace is decoded. */
let receiving: LeftNamespaces | undefined;

/** To be called when a socket has joined its namespace: its packets are no longer ignored. */
export function namespaceJoined({ conn, nsp }: Socket): void {
  leftNamespaces.get(conn)?.names.delete(nsp.name);
}

/** To be called when a socket has left its namespace: what its client still sends to it is ignored. */
export function namespaceLeft({ conn, nsp }: Socket): void {
  let left = leftNamespaces.get(conn);
  if (!left) {
    const made: LeftNamespaces = { names: new Set(), latePackets: 0 };
    leftNamespaces.set(conn, (left = made));
    // Before and after Socket.IO's own listener, which decodes synchronously.
    conn.prependListener('data', () => (receiving = made));
    conn.on('data', () => (receiving = undefined));
  }
  left.names.add(nsp.name);
}

/**
 * Decodes the packets of one connection. Ignores what a client sent to a namespace before it was notified that it was
 * removed from it: Socket.IO would close the whole connection for such a packet, with every other namespace on it.
 * Records when messages arrived: this is the first of our code that a packet reaches on every transport.
 */
export class PacketDecoder extends Decoder {
  /** When the data that is being decoded arrived. */
  #arrivedMs = 0;

  constructor() {
    super();
    this.on('decoded', ({ type, data }: Packet) => {
      if (type === PacketType.EVENT) recordArrival(data, this.#arrivedMs);
    });
  }

  override add(data: unknown): void {
    this.#arrivedMs = arrivedNow();
    if (receiving && typeof data === 'string' && receiving.names.has(namespaceOf(data))) {
      receiving.latePackets += 1;
      if (receiving.latePackets <= maxLatePackets) return;
    }
    super.add(data);
  }
}

/** The namespace of an encoded packet; '' for a CONNECT packet, which is never late. */
const namespaceOf = (packet: string): string =>
  packet.startsWith('0') ? '' : (/^\d(?:\d+-)?(\/[^,]*),?/.exec(packet)?.[1] ?? '/');
