import type { Socket } from 'socket.io';
import { Problem } from '../errors/problem.js';

/** Messages that a connection may send in a second. */
const maxPerSecond = 100;
/** Refused messages, within the window, after which the connection is cut instead of being answered. */
const maxRefused = 300;
const refusedWindowSeconds = 10;
/** Requests for large answers that may wait while one is being answered. */
const maxExpensiveWaiting = 30;

type Acknowledge = (answer: unknown) => void;
type Handle = (data: unknown, acknowledge?: Acknowledge) => unknown;

/** What the sockets of a namespace have in common. */
export interface MessageContext {
  /** The messages that there are. */
  names: readonly string[];
  /** Those whose answers are large: one is answered at a time, and the next once it has been read. */
  expensive: ReadonlySet<string>;
  limited: boolean;
  now: () => number;
  onError: (error: unknown) => void;
  /** Closes the connection because of what its client sends. */
  onFlood: (socket: Socket) => void;
  /** Closes the connection if its client leaves too many answers unread. @returns whether it was closed */
  closeIfOverBudget: (socket: Socket) => boolean;
  /** Resolves once the client has read most of what waits for it, or is gone. */
  drained: (socket: Socket) => Promise<void>;
}

/**
 * The messages of one socket: each is handed to its handler and acknowledged with what that returns. Messages beyond
 * the rate are refused, a client that goes on all the same is cut; answers count against the outbound budget.
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

  /** @param message its name, what it carries, and the function that acknowledges it where that was asked for */
  take([name, ...given]: readonly unknown[], socket: Socket): void {
    const { context } = this;
    const acknowledge = typeof given.at(-1) === 'function' ? (given.pop() as Acknowledge) : undefined;
    if (context.closeIfOverBudget(socket)) return;
    const handle = this.#handlerOf(name);
    if (handle instanceof Problem) {
      if (this.#isFlood(handle)) context.onFlood(socket);
      else acknowledge?.({ ok: false, error: handle.body });
      return;
    }
    const answer = () => this.#answer(handle, given.length > 1 ? given : given[0], acknowledge);
    if (context.expensive.has(String(name))) this.#afterTheLast(socket, answer);
    else void answer();
  }

  async #answer(handle: Handle, data: unknown, acknowledge: Acknowledge | undefined): Promise<void> {
    try {
      // Answers go through the acknowledgement alone; errors of handlers are answered by the gateway's filter.
      const answer = await handle(data, acknowledge);
      if (answer !== undefined && answer !== null) acknowledge?.(answer);
    } catch (error) {
      this.context.onError(error);
    }
  }

  #afterTheLast(socket: Socket, answer: () => Promise<void>): void {
    this.#expensiveWaiting += 1;
    const mine = (this.#lastExpensive ?? Promise.resolve())
      .then(async () => {
        if (!socket.connected) return;
        await answer();
        await this.context.drained(socket);
      })
      .finally(() => {
        this.#expensiveWaiting -= 1;
        if (this.#lastExpensive === mine) this.#lastExpensive = undefined;
      });
    this.#lastExpensive = mine;
  }

  #handlerOf(name: unknown): Handle | Problem {
    const { names, limited, expensive, now } = this.context;
    const second = Math.floor(now());
    this.#count = second === this.#second ? this.#count + 1 : 1;
    this.#second = second;
    if (limited && this.#count > maxPerSecond) {
      return new Problem('rate_limited', `At most ${maxPerSecond} messages a second; slow down.`);
    }
    if (limited && expensive.has(String(name)) && this.#expensiveWaiting > maxExpensiveWaiting) {
      return new Problem('rate_limited', 'Wait for the answers to earlier requests before sending more.');
    }
    return (
      this.handlers[names.indexOf(String(name))] ??
      new Problem('unknown_message', `There is no message of that name; there are ${names.join(', ')}.`)
    );
  }

  #isFlood({ code }: Problem): boolean {
    if (!this.context.limited || code !== 'rate_limited') return false;
    if (this.#second - this.#refusedSince >= refusedWindowSeconds) {
      this.#refusedSince = this.#second;
      this.#refused = 0;
    }
    this.#refused += 1;
    return this.#refused > maxRefused;
  }
}
