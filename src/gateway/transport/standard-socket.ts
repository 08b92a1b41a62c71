import type { Socket as TcpSocket } from 'node:net';
import type { Socket as EngineConnection } from 'engine.io';
import type { Socket } from 'socket.io';
import { PacketType } from 'socket.io-parser';
import type { EventSocket, OutgoingEvent } from '../../delivery/event-socket.js';
import { connectionOf } from '../socket-data.js';
import { EventEncoder } from './event-parser.js';

/** How often it is checked whether a client has read, while the rest of a replay waits for that. */
const drainCheckMs = 5;

/**
 * An `EventSocket` on the public interfaces of Socket.IO and Engine.IO only. Events are sent through
 * `PendingBroadcast`; the documented events `packetCreate` and `flush` show what is queued.
 */
export class StandardSocket implements EventSocket {
  readonly #queue: OutboundQueue;

  /** @param onConfirmationAsked called when an event that asks for a confirmation was sent */
  constructor(
    private readonly socket: Socket,
    private readonly onConfirmationAsked: () => void,
  ) {
    this.#queue = OutboundQueue.of(socket.conn);
  }

  get id(): string {
    return this.socket.id;
  }

  get isIdle(): boolean {
    return this.#queue.isIdle;
  }

  get queuedPackets(): number {
    return this.#queue.packets;
  }

  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  get progress(): unknown {
    return this.#queue.progress;
  }

  send(event: OutgoingEvent, onFlushed?: () => void): void {
    const { socket } = this;
    if (!socket.connected) return;
    broadcast.add(socket, event);
    if (event.ackId !== undefined) this.onConfirmationAsked();
    if (onFlushed) {
      broadcast.flush();
      this.#whenIdle(onFlushed);
    }
  }

  batch(write: () => void): void {
    const { tcp } = this.#queue;
    tcp?.cork();
    try {
      write();
      broadcast.flush();
    } finally {
      tcp?.uncork();
    }
  }

  disconnect(scope: 'namespace' | 'connection'): void {
    broadcast.flush();
    // Not `socket.disconnect(true)`, after which clients do not reconnect by themselves.
    if (scope === 'connection') this.socket.conn.close(this.#queue.isBetweenPolls);
    else this.socket.disconnect();
  }

  terminate(): void {
    this.socket.conn.close(true);
    // A closing handshake would wait for a client that does not read.
    this.#queue.tcp?.destroy();
  }

  #whenIdle(callback: () => void): void {
    const timer = setInterval(() => {
      if (this.socket.connected && !this.isIdle) return;
      clearInterval(timer);
      callback();
    }, drainCheckMs);
  }
}

/**
 * Collects the sockets to which one event is sent in a row, and hands them to Socket.IO as one broadcast: its adapter
 * encodes the packet and the WebSocket frame once. Flushed before anything else is sent, and in a microtask, so that
 * the order of packets is kept.
 */
class PendingBroadcast {
  #event: OutgoingEvent | undefined;
  #sockets: Socket[] = [];

  add(socket: Socket, event: OutgoingEvent): void {
    // A room can have two namespace objects for a while: Socket.IO removes one when a handshake is refused and makes
    // another for the next socket, although sockets of the first are still being admitted.
    if (this.#event !== event || this.#sockets[0]?.nsp !== socket.nsp) {
      this.flush();
      this.#event = event;
      queueMicrotask(() => this.flush());
    }
    this.#sockets.push(socket);
  }

  flush(): void {
    const event = this.#event;
    if (!event) return;
    const sockets = this.#sockets;
    this.#event = undefined;
    this.#sockets = [];
    if (sockets.length === 1) emitToOne(sockets[0]!, event);
    else emitToMany(sockets, event);
  }
}

function emitToOne(socket: Socket, { envelope, ackId }: OutgoingEvent): void {
  // Retries and replays: the same copy may be sent to others in turn.
  EventEncoder.shared.add(envelope);
  if (ackId === undefined) socket.emit(envelope.type, envelope);
  else socket.emit(envelope.type, envelope, () => connectionOf(socket)?.confirm(ackId));
}

function emitToMany(sockets: readonly Socket[], { envelope, ackId }: OutgoingEvent): void {
  const { nsp } = sockets[0]!;
  // Without rooms, Socket.IO sends to the whole namespace, and does not have to look each socket up.
  const rooms = sockets.length === nsp.sockets.size ? [] : sockets.map(({ id }) => id);
  if (ackId === undefined) {
    nsp.to(rooms).emit(envelope.type, envelope);
    return;
  }
  // `nsp.timeout().to(ids).emit(…, callback)` does not report which socket has acknowledged. The adapter's callback is
  // called with the socket as `this`, as every acknowledgement callback of Socket.IO is.
  const onAcknowledged = function (this: Socket) {
    connectionOf(this)?.confirm(ackId);
  };
  const packet = { type: PacketType.EVENT, data: [envelope.type, envelope], nsp: nsp.name };
  const options = { rooms: new Set(rooms), except: new Set<string>(), flags: {} };
  nsp.adapter.broadcastWithAck(packet, options, () => undefined, onAcknowledged);
}

const broadcast = new PendingBroadcast();

const queues = new WeakMap<EngineConnection, OutboundQueue>();

/** What waits in Engine.IO for one connection, counted from its events. Shared by the connection's namespaces. */
class OutboundQueue {
  packets = 0;
  #queuedBytes = 0;
  /** Bytes handed to the transport with the last flush; they have left once the transport is writable again. */
  #flushedBytes = 0;
  #flushes = 0;

  static of(connection: EngineConnection): OutboundQueue {
    let queue = queues.get(connection);
    if (!queue) queues.set(connection, (queue = new OutboundQueue(connection)));
    return queue;
  }

  private constructor(private readonly connection: EngineConnection) {
    connection.on('packetCreate', OutboundQueue.#onPacketCreate);
    connection.on('flush', OutboundQueue.#onFlush);
  }

  // Shared by all connections, which Engine.IO passes as `this`: two closures for each would take memory.
  static #onPacketCreate(this: EngineConnection, { data }: { data?: { length: number } }): void {
    const queue = queues.get(this)!;
    queue.packets += 1;
    queue.#queuedBytes += data?.length ?? 0;
  }

  static #onFlush(this: EngineConnection): void {
    const queue = queues.get(this)!;
    queue.#flushedBytes = queue.#queuedBytes;
    queue.#flushes += 1;
    queue.packets = 0;
    queue.#queuedBytes = 0;
  }

  get isIdle(): boolean {
    return this.packets === 0 && this.connection.transport.writable;
  }

  /**
   * Whether a long-polling client has everything and its next request has not arrived: nothing has to be sent first.
   */
  get isBetweenPolls(): boolean {
    const { transport } = this.connection;
    return transport.name === 'polling' && !transport.writable && this.packets === 0;
  }

  get bytes(): number {
    return this.#queuedBytes + (this.connection.transport.writable ? 0 : this.#flushedBytes);
  }

  get progress(): number {
    const { tcp } = this;
    return tcp ? tcp.bytesWritten - tcp.writableLength : this.#flushes;
  }

  /** The TCP socket of a connection that began as a WebSocket; Engine.IO does not expose that of others. */
  get tcp(): TcpSocket | undefined {
    const { transport, upgraded, request } = this.connection;
    return transport.name === 'websocket' && !upgraded ? request.socket : undefined;
  }
}
