import type { Socket } from 'socket.io';
import { WebSocket } from 'ws';
import type { Frame } from './frame.js';
import { type EngineSocket, engineOf } from './internals.js';
import type { Wire } from './wire.js';

/** A Socket.IO socket as a way out. */
export class SocketWire implements Wire {
  readonly #engine: EngineSocket;
  /** Of the frames that wait in Engine.IO's buffer. */
  #bufferedBytes = 0;

  constructor(private readonly socket: Socket) {
    this.#engine = engineOf(socket);
  }

  get id(): string {
    return this.socket.id;
  }

  get idle(): boolean {
    const engine = this.#engine;
    if (engine.writeBuffer.length > 0) return false;
    const tcp = engine.transport.socket?._socket;
    return tcp ? tcp.writableLength === 0 : engine.transport.writable;
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
    if (engine.writeBuffer.length === 0 && engine.readyState === 'open' && !engine.upgrading) {
      const ws = engine.transport.socket;
      // Nothing waits in the layers between, so that writing below them keeps the order.
      if (ws?._socket && ws.readyState === WebSocket.OPEN) {
        ws._socket.write(frame.bytes, sent);
        return;
      }
    }
    engine.write(frame.packet, frame.options, sent);
    // Engine.IO hands over its whole buffer at once, so that a lone packet in it means the others have gone.
    const waiting = engine.writeBuffer.length;
    if (waiting > 0) {
      this.#bufferedBytes = waiting === 1 ? frame.bytes.length : this.#bufferedBytes + frame.bytes.length;
    }
  }

  together(write: () => void): void {
    const tcp = this.#engine.transport.socket?._socket;
    tcp?.cork();
    try {
      write();
    } finally {
      tcp?.uncork();
    }
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
