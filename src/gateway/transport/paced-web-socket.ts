import { WebSocket } from 'ws';
import { whileArrived } from './arrival-times.js';

/** Messages, pings and pongs of one connection that are handled in one turn of the event loop. */
const maxPerTurn = 16;
/** All connections together handle so many in a turn, acknowledgements not counted. */
const maxPerTurnTogether = 64;
/** With many waiting connections each handles fewer than 16, but not fewer than these. */
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

/** Beyond it, pings are not answered one by one. */
const maxUnreadBytes = 16 * 1024;

interface WaitingEvent {
  name: string | symbol;
  args: unknown[];
  /** A value of `performance.now()`. */
  arrivedMs: number;
}

/** A closing handshake, which begins after the waiting messages: nothing can be sent on a closing connection. */
const closing = Symbol('closing');

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
/** What all connections have handled in this turn. */
let handledTogether = 0;
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
  handledTogether = 0;
  for (const socket of [...waitingSockets]) {
    // Those that are not reached have their turn first next time.
    if (handledTogether >= maxPerTurnTogether) break;
    waitingSockets.delete(socket);
    if (!socket.handOut()) waitingSockets.add(socket);
  }
  // The next turn begins with the next message.
  if (waitingSockets.size > 0) currentTurn();
  else if (!isEndScheduled) allowedInTurn = acknowledgementsAllowedInTurn = maxPerTurn;
}

/**
 * The server's side of a WebSocket on which a client cannot occupy a turn of the event loop: `ws` would handle all
 * messages of the 64 KiB that it reads at once, thousands if they are small. Here the first 16 are handled, or
 * fewer if many clients do this, the others in the next turns, and no more is read in the meantime. The order of
 * events is kept. Pings are answered in their turn (use it with the option `autoPong: false`); while answers are not
 * read, only the newest ping gets another one, as RFC 6455 (5.5.3) allows. Used through the public option `WebSocket` of
 * `ws`.
 */
export class PacedWebSocket extends WebSocket {
  #turn = -1;
  #handled = 0;
  #waiting: WaitingEvent[] = [];
  #isPausedByOwner = false;
  #pongsUnderWay = 0;
  /** The data of the newest ping that has no answer yet. */
  #unansweredPing: unknown;

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

  /** Handles waiting events, as many as may be handled in this turn. @returns whether none is left */
  handOut(): boolean {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      if (isInput(next.name) && !this.#mayHandle(next.name, next.args)) return false;
      const { name, args, arrivedMs } = next;
      this.#waiting.shift();
      whileArrived(arrivedMs, () => this.#handle(name, args));
    }
    if (!this.#isPausedByOwner) super.resume();
    return true;
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
    if (!isAcknowledgement) {
      if (handledTogether >= maxPerTurnTogether) return false;
      handledTogether += cost;
    }
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
      this.#answerPing(args[0]);
    }
    return super.emit(name, ...args);
  }

  #answerPing(data: unknown): void {
    if (this.#pongsUnderWay > 0 && this.bufferedAmount > maxUnreadBytes) {
      this.#unansweredPing = data;
      return;
    }
    this.#pongsUnderWay += 1;
    this.pong(data, false, (error) => {
      this.#pongsUnderWay -= 1;
      if (this.#pongsUnderWay > 0) return;
      const next = this.#unansweredPing;
      this.#unansweredPing = undefined;
      if (!error && next !== undefined && this.readyState === WebSocket.OPEN) this.#answerPing(next);
    });
  }
}
