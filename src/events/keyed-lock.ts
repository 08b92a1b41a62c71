/** Waiting `high` work of a key runs before waiting `low` work of the same key. */
export type LockPriority = 'high' | 'low';

interface Queue {
  running: boolean;
  high: (() => void)[];
  low: (() => void)[];
  /** `high` entries that ran while `low` entries were waiting. */
  passed: number;
}

/** After this many `high` entries one waiting `low` entry runs, so that it cannot starve. */
const maxPassed = 50;

/** A lock per key: one holder at a time, in the order of asking within a priority. Different keys run concurrently. */
export class KeyedLock {
  readonly #queues = new Map<string, Queue>();

  run<R>(key: string, work: () => Promise<R>, priority?: LockPriority): Promise<R> {
    return this.runAll([key], work, priority);
  }

  /** Holds the locks of several keys, which are taken in their alphabetical order, so that no deadlock is possible. */
  async runAll<R>(
    keys: readonly string[],
    work: () => Promise<R>,
    priority: LockPriority = 'high',
  ): Promise<R> {
    const held: [string, Queue][] = [];
    try {
      for (const key of new Set([...keys].sort())) {
        const queue = this.#queueOf(key);
        if (queue.running) await new Promise<void>((resolve) => queue[priority].push(resolve));
        queue.running = true;
        held.push([key, queue]);
      }
      return await work();
    } finally {
      for (const [key, queue] of held) this.#next(key, queue);
    }
  }

  #queueOf(key: string): Queue {
    let queue = this.#queues.get(key);
    if (!queue) this.#queues.set(key, (queue = { running: false, high: [], low: [], passed: 0 }));
    return queue;
  }

  /** Passes the lock to the next entry. `running` stays true, so that a new caller cannot take the lock in between. */
  #next(key: string, queue: Queue): void {
    const lowIsDue = queue.low.length > 0 && (queue.high.length === 0 || queue.passed >= maxPassed);
    const next = lowIsDue ? queue.low.shift() : queue.high.shift();
    if (!next) {
      this.#queues.delete(key);
      return;
    }
    queue.passed = lowIsDue || queue.low.length === 0 ? 0 : queue.passed + 1;
    next();
  }
}
