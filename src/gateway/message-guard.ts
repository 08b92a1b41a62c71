import type { Socket } from 'socket.io';
import { Problem } from '../errors/problem.js';

/** Messages a connection may send in a second. */
const perSecond = 100;

/** Answers messages that nobody handles, and those that come too fast; without it they would be left hanging. */
export function guardMessages(
  socket: Socket,
  known: ReadonlySet<string>,
  limited: boolean,
  now: () => number,
): void {
  let second = 0;
  let count = 0;
  socket.use(([name, ...args], next) => {
    const current = Math.floor(now());
    count = current === second ? count + 1 : 1;
    second = current;
    const problem = !known.has(String(name))
      ? new Problem(
          'unknown_message',
          `There is no message of that name; there are ${[...known].join(', ')}.`,
        )
      : limited && count > perSecond
        ? new Problem('rate_limited', `At most ${perSecond} messages a second; slow down.`)
        : undefined;
    if (!problem) return next();
    const acknowledge: unknown = args.at(-1);
    if (typeof acknowledge === 'function') {
      (acknowledge as (answer: unknown) => void)({ ok: false, error: problem.body });
    }
  });
}
