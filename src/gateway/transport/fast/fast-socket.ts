import type { Socket } from 'socket.io';
import { WebSocket } from 'ws';
import type { Frame } from './frame.js';
import { type EngineSocket, engineOf } from './internals.js';
import type { Wire } from '../../../delivery/event-socket.js';

/** A Socket.IO socket as a way out. */
export class SocketWire implements Wire {
  readonly #engine: EngineSocket;

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
    const { writeBuffer, transport } = this.#engine;
    let bytes = transport.socket?.bufferedAmount ?? 0;
    // Summed when asked for: most of the time the buffer is empty, and it holds answers that were not written here.
    for (const { data } of writeBuffer) bytes += data?.length ?? 0;
    return bytes;
  }

  get progress(): unknown {
    const tcp = this.#engine.transport.socket?._socket;
    return tcp ? tcp.bytesWritten - tcp.writableLength : this.#engine.writeBuffer[0];
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
