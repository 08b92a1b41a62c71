import { WebSocket } from 'ws';
import { whileArrived } from './arrival-times.js';

/** Messages, pings and pongs of one connection that are handled in one turn of the event loop. */
const maxPerTurn = 16;
/**
 * When a turn has taken long, the next one handles so many for each millisecond of it: on a busy server, confirmations
 * would otherwise be handled more slowly than they arrive. Handling takes far less than this allows.
 */
const perMs = 1;
/** What packets of Socket.IO count as: CONNECT takes the longest, an acknowledgement the shortest. */
const connectCost = 8;
const acknowledgementCost = 0.25;
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

/** A packet of Socket.IO begins with Engine.IO's `4` and a digit for its type. */
function costOf(data: unknown): number {
  if (!Buffer.isBuffer(data) || data[0] !== 0x34) return 1;
  if (data[1] === 0x30) return connectCost;
  return data[1] === 0x33 ? acknowledgementCost : 1;
}

/** Connections with waiting events. */
const waitingSockets = new Set<PacedWebSocket>();
/** Number of the turn, which ends after the event loop has read from all sockets. */
let turn = 0;
let turnBegunMs = 0;
let allowedInTurn = maxPerTurn;
let isEndScheduled = false;

function currentTurn(): number {
  if (!isEndScheduled) {
    isEndScheduled = true;
    turnBegunMs = performance.now();
    setImmediate(endTurn);
  }
  return turn;
}

function endTurn(): void {
  isEndScheduled = false;
  turn += 1;
  allowedInTurn = Math.max(maxPerTurn, (performance.now() - turnBegunMs) * perMs);
  for (const socket of [...waitingSockets]) socket.handOut();
  // The next turn begins with the next message.
  if (!isEndScheduled) allowedInTurn = maxPerTurn;
}

/**
 * The server's side of a WebSocket on which a client cannot occupy a turn of the event loop: `ws` would handle all
 * messages of the 64 KiB that it reads at once, thousands if they are small. Here the first 16 are handled (more
 * after a long turn), the others in the next turns, and no more is read in the meantime. The order of events is kept. Pings are answered in their turn
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
    const cost = name === 'message' ? costOf(data) : 1;
    if (this.#handled + cost > allowedInTurn) return false;
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
