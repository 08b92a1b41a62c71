interface Waiting {
  start: () => void;
  refuse: (error: Error) => void;
}

interface Limits {
  maxRunning: number;
  maxWaiting: number;
}

/**
 * Runs a limited number of jobs at once and lets a limited number wait. Keys take turns, each in its own order; when
 * the queue is full, the key with the most waiting jobs loses its newest to a key that has fewer. So one client
 * cannot keep the others out.
 */
export class FairQueue {
  /** By key, in the order of their next turns; no key has an empty list. */
  readonly #waiting = new Map<string, Waiting[]>();
  #running = 0;
  #size = 0;

  constructor(
    private readonly limits: Limits,
    private readonly refusal: () => Error,
  ) {}

  /** @throws the refusal, where the queue is full */
  async run<R>(key: string, job: () => Promise<R>): Promise<R> {
    if (this.#running >= this.limits.maxRunning) await this.#wait(key);
    else this.#running += 1;
    try {
      return await job();
    } finally {
      this.#startNext();
    }
  }

  #wait(key: string): Promise<void> {
    if (this.#size >= this.limits.maxWaiting) this.#makeSpaceFor(key);
    return new Promise((start, refuse) => {
      const own = this.#waiting.get(key);
      if (own) own.push({ start, refuse });
      else this.#waiting.set(key, [{ start, refuse }]);
      this.#size += 1;
    });
  }

  /** @throws the refusal, where no other key has more waiting jobs than this one would have */
  #makeSpaceFor(key: string): void {
    const [longest] = [...this.#waiting.values()].sort((a, b) => b.length - a.length);
    const wouldHave = (this.#waiting.get(key)?.length ?? 0) + 1;
    if (!longest || longest.length <= wouldHave) throw this.refusal();
    longest.pop()!.refuse(this.refusal());
    this.#size -= 1;
  }

  /** Hands the finished job's place to the next key's oldest. */
  #startNext(): void {
    const [next] = this.#waiting;
    if (!next) {
      this.#running -= 1;
      return;
    }
    const [key, waiting] = next;
    this.#waiting.delete(key);
    const { start } = waiting.shift()!;
    if (waiting.length > 0) this.#waiting.set(key, waiting);
    this.#size -= 1;
    start();
  }
}
