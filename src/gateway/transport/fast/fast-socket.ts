import type { Socket } from 'socket.io';
import { WebSocket } from 'ws';
import type { EventSocket, OutgoingEvent } from '../../../delivery/event-socket.js';
import { frameOf } from './frame.js';
import { type FastEngineConnection, engineOf } from './internals.js';

/**
 * An `EventSocket` that writes pre-encoded frames to the TCP socket if nothing is queued above it, and through
 * Engine.IO otherwise, which keeps the order.
 */
export class FastSocket implements EventSocket {
  readonly #engine: FastEngineConnection;

  /** @param onConfirmationAsked called when an event that asks for a confirmation was sent */
  constructor(
    private readonly socket: Socket,
    private readonly onConfirmationAsked?: () => void,
  ) {
    this.#engine = engineOf(socket);
  }

  get id(): string {
    return this.socket.id;
  }

  get isIdle(): boolean {
    const engine = this.#engine;
    if (engine.writeBuffer.length > 0) return false;
    const tcp = engine.transport.socket?._socket;
    return tcp ? tcp.writableLength === 0 : engine.transport.writable;
  }

  get queuedPackets(): number {
    return this.#engine.writeBuffer.length;
  }

  get queuedBytes(): number {
    const { writeBuffer, transport } = this.#engine;
    let bytes = transport.socket?.bufferedAmount ?? 0;
    // Summed on demand: the buffer is empty most of the time, and it also holds answers that were not sent here.
    for (const { data } of writeBuffer) bytes += data?.length ?? 0;
    return bytes;
  }

  get progress(): unknown {
    const tcp = this.#engine.transport.socket?._socket;
    return tcp ? tcp.bytesWritten - tcp.writableLength : this.#engine.writeBuffer[0];
  }

  send(event: OutgoingEvent, onFlushed?: () => void): void {
    const engine = this.#engine;
    if (!this.socket.connected) return;
    const frame = frameOf(event);
    if (event.ackId !== undefined) this.onConfirmationAsked?.();
    if (engine.writeBuffer.length === 0 && engine.readyState === 'open' && !engine.upgrading) {
      const ws = engine.transport.socket;
      // Nothing is queued in the layers above, so that writing below them keeps the order.
      if (ws?._socket && ws.readyState === WebSocket.OPEN) {
        ws._socket.write(frame.bytes, onFlushed);
        return;
      }
    }
    engine.write(frame.packet, frame.options, onFlushed);
  }

  batch(write: () => void): void {
    const tcp = this.#engine.transport.socket?._socket;
    tcp?.cork();
    try {
      write();
    } finally {
      tcp?.uncork();
    }
  }

  disconnect(scope: 'namespace' | 'connection'): void {
    const { transport, writeBuffer } = this.#engine;
    // A long-polling client that has everything: Engine.IO would wait for its next request.
    const isBetweenPolls = transport.name === 'polling' && !transport.writable && writeBuffer.length === 0;
    if (scope === 'namespace') this.socket.disconnect();
    else this.#engine.close(isBetweenPolls);
  }

  terminate(): void {
    const tcp = this.#engine.transport.socket?._socket;
    this.#engine.close(true);
    // A closing handshake would wait for a client that does not read.
    tcp?.destroy();
  }
}
