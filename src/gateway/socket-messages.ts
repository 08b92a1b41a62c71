import { Problem } from '../errors/problem.js';

/** Messages that a connection may send in a second. */
const perSecond = 100;

type Acknowledge = (answer: unknown) => void;
type Handle = (data: unknown, acknowledge?: Acknowledge) => unknown;

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
    const handle = this.#handlerOf(name);
    if (handle instanceof Problem) {
      acknowledge?.({ ok: false, error: handle.body });
      return;
    }
    // Answers go through the acknowledgement alone; what goes wrong is the gateway's filter's to answer.
    Promise.resolve(handle(given.length > 1 ? given : given[0], acknowledge)).then((answer: unknown) => {
      if (answer !== undefined && answer !== null) acknowledge?.(answer);
    }, this.context.onError);
  }

  #handlerOf(name: unknown): Handle | Problem {
    const { names, limited, now } = this.context;
    const second = Math.floor(now());
    this.#count = second === this.#second ? this.#count + 1 : 1;
    this.#second = second;
    if (limited && this.#count > perSecond) {
      return new Problem('rate_limited', `At most ${perSecond} messages a second; slow down.`);
    }
    return (
      this.handlers[names.indexOf(String(name))] ??
      new Problem('unknown_message', `There is no message of that name; there are ${names.join(', ')}.`)
    );
  }
}
