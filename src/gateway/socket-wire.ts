import type { Socket } from 'socket.io';
import type { Frame } from './frame.js';
import type { Wire } from './wire.js';

/**
 * Where we reach below the public interface of Socket.IO 4.8 and Engine.IO 6.6, and why: an encoded frame is
 * written to many sockets without being encoded again (what Socket.IO's own adapter does for a broadcast), a
 * confirmation is matched by its number without a callback being kept for each event and socket, and a socket
 * that does not read is seen and can be cut.
 */
interface Internals {
  onack(packet: { id: number; data: unknown[] }): void;
}
interface EngineSocket {
  readyState: string;
  writeBuffer: unknown[];
  transport: { writable: boolean; socket?: { bufferedAmount: number; terminate(): void } };
  write(data: string, options: object, sent?: () => void): void;
  close(discard?: boolean): void;
}

/** A Socket.IO socket as a way out. */
export class SocketWire implements Wire {
  readonly #engine: EngineSocket;
  /** Of the frames that wait in Engine.IO's buffer. */
  #bufferedBytes = 0;

  constructor(private readonly socket: Socket) {
    this.#engine = socket.conn as unknown as EngineSocket;
  }

  get id(): string {
    return this.socket.id;
  }

  get idle(): boolean {
    return this.#engine.transport.writable && this.#engine.writeBuffer.length === 0;
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
    engine.write(frame.packet, frame.options, sent);
    // Engine.IO hands over its whole buffer at once, so that a lone packet in it means the others have gone.
    const waiting = engine.writeBuffer.length;
    if (waiting > 0) this.#bufferedBytes = waiting === 1 ? frame.bytes : this.#bufferedBytes + frame.bytes;
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

/** Calls back for each acknowledgement that comes from the other side, instead of looking for its callback. */
export function onAcknowledgement(socket: Socket, receive: (id: number) => void): void {
  (socket as unknown as Internals).onack = ({ id }) => receive(id);
}
