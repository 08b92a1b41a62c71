import { WebSocket } from 'ws';
import { whileArrived } from './arrival-times.js';

/** Messages, pings and pongs of one connection that are handled in one turn of the event loop. */
const maxPerTurn = 16;
/** With many waiting connections it is fewer, so that all together handle about so many in a turn; */
const maxPerTurnTogether = 64;
/** but never fewer than these. */
const minPerTurn = 4;
/** A CONNECT packet of Socket.IO counts as so many: it takes the longest. */
const connectCost = 8;
/** An acknowledgement counts as this part of a message: it takes the shortest. */
const acknowledgementCost = 0.25;
/**
 * When a turn has taken long, the next one handles acknowledgements for so many messages for each millisecond of it: on
 * a busy server, confirmations would otherwise be handled more slowly than they arrive. Not other messages, of which
 * many connections could make each turn longer than the one before.
 */
const acknowledgementsPerMs = 1;
const maxAcknowledgementsPerTurn = 256;
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
const isPacket = (data: unknown, type: '0' | '3'): boolean =>
  Buffer.isBuffer(data) && data[0] === 0x34 && data[1] === type.charCodeAt(0);

/** Connections with waiting events. */
const waitingSockets = new Set<PacedWebSocket>();
/** Number of the turn, which ends after the event loop has read from all sockets. */
let turn = 0;
let turnBegunMs = 0;
/** What each connection may handle in this turn; of acknowledgements it may be more. */
let allowedInTurn = maxPerTurn;
let acknowledgementsAllowedInTurn = maxPerTurn;
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
  const share = maxPerTurnTogether / Math.max(1, waitingSockets.size);
  allowedInTurn = Math.min(maxPerTurn, Math.max(minPerTurn, share));
  const allowedByTime = (performance.now() - turnBegunMs) * acknowledgementsPerMs;
  acknowledgementsAllowedInTurn = Math.min(
    maxAcknowledgementsPerTurn,
    Math.max(allowedInTurn, allowedByTime),
  );
  for (const socket of [...waitingSockets]) socket.handOut();
  // The next turn begins with the next message.
  if (!isEndScheduled) allowedInTurn = acknowledgementsAllowedInTurn = maxPerTurn;
}

/**
 * The server's side of a WebSocket on which a client cannot occupy a turn of the event loop: `ws` would handle all
 * messages of the 64 KiB that it reads at once, thousands if they are small. Here the first 16 are handled, or
 * fewer if many clients do this, the others in the next turns, and no more is read in the meantime. The order of events is kept. Pings are answered in their turn
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
    const isAcknowledgement = name === 'message' && isPacket(data, '3');
    const cost = isAcknowledgement ? acknowledgementCost : isPacket(data, '0') ? connectCost : 1;
    const allowed = isAcknowledgement ? acknowledgementsAllowedInTurn : allowedInTurn;
    // The first message may cost more than the share.
    if (this.#handled > 0 && this.#handled + cost > allowed) return false;
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
