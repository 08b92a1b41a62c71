import { WebSocket } from 'ws';
import { whileArrived } from './arrival-times.js';

/** Messages, pings and pongs of one connection that are handled in one turn of the event loop. */
const maxPerTurn = 16;
/** A CONNECT packet of Socket.IO counts as so many: it takes the longest. */
const connectCost = 8;
/** A connection on which more are waiting is terminated. 64 KiB, which are read at once, contain fewer real messages. */
const maxWaiting = 2048;

interface WaitingEvent {
  name: string | symbol;
  args: unknown[];
  /** A value of `performance.now()`. */
  arrivedMs: number;
}

/** A closing handshake, which begins after the waiting messages: nothing can be sent on a closing connection. */
const closing = Symbol('closing');

const ignoreError = (): void => undefined;
const isInput = (name: string | symbol): boolean => name === 'message' || name === 'ping' || name === 'pong';

/** Whether a message is Engine.IO's `4` with Socket.IO's `0`. */
const isConnect = (data: unknown): boolean => Buffer.isBuffer(data) && data[0] === 0x34 && data[1] === 0x30;

/** Connections with waiting events. */
const waitingSockets = new Set<PacedWebSocket>();
/** Number of the turn, which ends after the event loop has read from all sockets. */
let turn = 0;
let isEndScheduled = false;

function currentTurn(): number {
  if (!isEndScheduled) {
    isEndScheduled = true;
    setImmediate(endTurn);
  }
  return turn;
}

function endTurn(): void {
  isEndScheduled = false;
  turn += 1;
  for (const socket of [...waitingSockets]) socket.handOut();
}

/**
 * The server's side of a WebSocket on which a client cannot occupy a turn of the event loop: `ws` would handle all
 * messages of the 64 KiB that it reads at once, thousands if they are small. Here the first 16 are handled, the others
 * in the next turns, and no more is read in the meantime. The order of events is kept. Pings are answered in their turn
 * (use it with the option `autoPong: false`). Used through the public option `WebSocket` of `ws`.
 */
export class PacedWebSocket extends WebSocket {
  #turn = -1;
  #handled = 0;
  #waiting: WaitingEvent[] = [];
  #isPausedByOwner = false;

  override emit(name: string | symbol, ...args: unknown[]): boolean {
    if (this.#waiting.length === 0 && (!isInput(name) || this.#mayHandle(name, args))) {
      return this.#handle(name, args);
    }
    if (isInput(name) && this.#waiting.length >= maxWaiting) {
      this.terminate();
      return false;
    }
    if (this.#waiting.length === 0) {
      waitingSockets.add(this);
      super.pause();
    }
    this.#waiting.push({ name, args, arrivedMs: performance.now() });
    return true;
  }

  override close(code?: number, data?: string | Buffer): void {
    if (this.#waiting.length === 0 || this.readyState !== WebSocket.OPEN) super.close(code, data);
    else this.#waiting.push({ name: closing, args: [code, data], arrivedMs: performance.now() });
  }

  override pause(): void {
    this.#isPausedByOwner = true;
    super.pause();
  }

  override resume(): void {
    this.#isPausedByOwner = false;
    if (this.#waiting.length === 0) super.resume();
  }

  /** Handles waiting events, as many as may be handled in this turn. */
  handOut(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      if (isInput(next.name) && !this.#mayHandle(next.name, next.args)) return;
      const { name, args, arrivedMs } = next;
      this.#waiting.shift();
      whileArrived(arrivedMs, () => this.#handle(name, args));
    }
    waitingSockets.delete(this);
    if (!this.#isPausedByOwner) super.resume();
  }

  #mayHandle(name: string | symbol, [data]: unknown[]): boolean {
    const now = currentTurn();
    if (this.#turn !== now) {
      this.#turn = now;
      this.#handled = 0;
    }
    const cost = name === 'message' && isConnect(data) ? connectCost : 1;
    if (this.#handled + cost > maxPerTurn) return false;
    this.#handled += cost;
    return true;
  }

  #handle(name: string | symbol, args: unknown[]): boolean {
    if (name === closing) {
      super.close(...(args as [number?, (string | Buffer)?]));
      return true;
    }
    // A closed connection, or one that is not listened to any more, needs no answer.
    if (name === 'ping' && this.readyState === WebSocket.OPEN && this.listenerCount('message') > 0) {
      this.pong(args[0], false, ignoreError);
    }
    return super.emit(name, ...args);
  }
}
