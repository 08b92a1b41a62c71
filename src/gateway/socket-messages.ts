import { Problem } from '../errors/problem.js';

/** Messages that a connection may send in a second. */
const perSecond = 100;

type Acknowledge = (answer: unknown) => void;
export type Handle = (data: unknown, acknowledge?: Acknowledge) => unknown;

/** What the sockets of a namespace have in common. */
export interface MessageContext {
  /** The messages that there are. */
  names: readonly string[];
  limited: boolean;
  now: () => number;
  onError: (error: unknown) => void;
}

/** What one socket's client sends: each message to its handler, those that nobody handles or that come too fast back. */
export class SocketMessages {
  #second = 0;
  #count = 0;

  constructor(
    private readonly context: MessageContext,
    /** In the order of the names. */
    private readonly handlers: readonly Handle[],
  ) {}

  /** @param message its name, what it carries, and the function that acknowledges it where that was asked for */
  take([name, ...given]: readonly unknown[]): void {
    const acknowledge = typeof given.at(-1) === 'function' ? (given.pop() as Acknowledge) : undefined;
    const handle = this.handlers[this.context.names.indexOf(String(name))];
    const problem = this.#refusal(handle);
    if (!handle || problem) {
      acknowledge?.({ ok: false, error: problem?.body });
      return;
    }
    // Answers go through the acknowledgement alone; what goes wrong is the gateway's filter's to answer.
    Promise.resolve(handle(given.length > 1 ? given : given[0], acknowledge)).then((answer: unknown) => {
      if (answer !== undefined && answer !== null) acknowledge?.(answer);
    }, this.context.onError);
  }

  #refusal(handle: Handle | undefined): Problem | undefined {
    const { names, limited, now } = this.context;
    const second = Math.floor(now());
    this.#count = second === this.#second ? this.#count + 1 : 1;
    this.#second = second;
    if (!handle) {
      return new Problem(
        'unknown_message',
        `There is no message of that name; there are ${names.join(', ')}.`,
      );
    }
    return limited && this.#count > perSecond
      ? new Problem('rate_limited', `At most ${perSecond} messages a second; slow down.`)
      : undefined;
  }
}
