import type { Socket } from 'socket.io';
import { Problem } from '../errors/problem.js';
import { arrivalOf } from './transport/arrival-times.js';

/** Messages that a connection may send in a second. */
const maxPerSecond = 100;
/** Refused messages, within the window, after which the connection is closed instead of being answered. */
const maxRefused = 300;
const refusedWindowSeconds = 10;
/** Requests for large answers that may wait while one is being answered. */
const maxExpensiveWaiting = 30;

type Acknowledge = (answer: unknown) => void;
/** @param arrivedMs when the message arrived, a value of `performance.now()`; `@ArrivedAt()` in gateways */
type Handle = (data: unknown, acknowledge: Acknowledge | undefined, arrivedMs: number) => unknown;

/** What `SocketMessages` of one gateway share. */
export interface MessageContext {
  /** The names of all messages. */
  names: readonly string[];
  /** Those whose answers are large: one is answered at a time, and the next once it has been read. */
  expensive: ReadonlySet<string>;
  isLimited: boolean;
  now: () => number;
  onError: (error: unknown) => void;
  /** Closes the connection because of what its client sends. */
  onFlood: (socket: Socket) => void;
  /** Closes the connection if its client leaves too many answers unread. @returns whether it was closed */
  closeIfOverLimit: (socket: Socket) => boolean;
  /** Resolves once the client has read most of what is queued for it, or has disconnected. */
  drained: (socket: Socket) => Promise<void>;
}

/**
 * The messages of one socket: each is handed to its handler and acknowledged with what that returns. Messages beyond
 * the rate are refused, and a client that continues is disconnected. Answers count towards the outbound limits.
 */
export class SocketMessages {
  #second = 0;
  #count = 0;
  #refused = 0;
  #refusedSince = 0;
  #expensiveWaiting = 0;
  #lastExpensive: Promise<void> | undefined;

  constructor(
    private readonly context: MessageContext,
    /** In the order of the names. */
    private readonly handlers: readonly Handle[],
  ) {}

  /**
   * @param message the name, the arguments, and the acknowledgement function if the client asked for one
   * @returns `forward` if it is passed to listeners of `socket.on` too
   */
  take(message: readonly unknown[], socket: Socket): 'handled' | 'forward' {
    const { context } = this;
    const [name, ...given] = message;
    const acknowledge = typeof given.at(-1) === 'function' ? (given.pop() as Acknowledge) : undefined;
    if (context.closeIfOverLimit(socket)) return 'handled';
    const handle = this.#handlerOf(name);
    if (handle instanceof Problem) {
      if (this.#isFlood(handle)) context.onFlood(socket);
      else if (handle.code === 'unknown_message' && hasListener(socket, name)) return 'forward';
      else acknowledge?.({ ok: false, error: handle.body });
      return 'handled';
    }
    const data = given.length > 1 ? given : given[0];
    const answer = () => this.#answer(() => handle(data, acknowledge, arrivalOf(message)), acknowledge);
    if (context.expensive.has(String(name))) this.#answerInTurn(socket, answer);
    else void answer();
    return hasListener(socket, name) ? 'forward' : 'handled';
  }

  async #answer(handle: () => unknown, acknowledge: Acknowledge | undefined): Promise<void> {
    try {
      // Answers go through the acknowledgement alone; errors of handlers are answered by the gateway's filter.
      const answer = await handle();
      if (answer !== undefined && answer !== null) acknowledge?.(answer);
    } catch (error) {
      this.context.onError(error);
    }
  }

  #answerInTurn(socket: Socket, answer: () => Promise<void>): void {
    this.#expensiveWaiting += 1;
    const turn = (this.#lastExpensive ?? Promise.resolve())
      .then(async () => {
        if (!socket.connected) return;
        await answer();
        await this.context.drained(socket);
      })
      .finally(() => {
        this.#expensiveWaiting -= 1;
        if (this.#lastExpensive === turn) this.#lastExpensive = undefined;
      });
    this.#lastExpensive = turn;
  }

  #handlerOf(name: unknown): Handle | Problem {
    const { names, isLimited, expensive, now } = this.context;
    const second = Math.floor(now());
    this.#count = second === this.#second ? this.#count + 1 : 1;
    this.#second = second;
    if (isLimited && this.#count > maxPerSecond) {
      return new Problem('rate_limited', `At most ${maxPerSecond} messages a second; slow down.`);
    }
    if (isLimited && expensive.has(String(name)) && this.#expensiveWaiting > maxExpensiveWaiting) {
      return new Problem('rate_limited', 'Wait for the answers to earlier requests before sending more.');
    }
    return (
      this.handlers[names.indexOf(String(name))] ??
      new Problem('unknown_message', `There is no message of that name; there are ${names.join(', ')}.`)
    );
  }

  #isFlood({ code }: Problem): boolean {
    if (!this.context.isLimited || code !== 'rate_limited') return false;
    if (this.#second - this.#refusedSince >= refusedWindowSeconds) {
      this.#refusedSince = this.#second;
      this.#refused = 0;
    }
    this.#refused += 1;
    return this.#refused > maxRefused;
  }
}

/** Whether code outside the gateways listens for a message. Every socket has a listener for errors of Socket.IO. */
const hasListener = (socket: Socket, name: unknown): boolean =>
  name !== 'error' && socket.listenerCount(String(name)) > 0;
