export interface FairQueueLimits {
  /** Jobs that run at once. */
  concurrency: number;
  /** Jobs that wait, of all keys together. */
  maxWaiting: number;
  maxWaitingPerKey: number;
}

/** A job was not queued, or its queue was closed while it waited. */
export class QueueRefusal extends Error {
  constructor(readonly reason: 'full' | 'closed') {
    super(`the queue is ${reason}`);
    this.name = 'QueueRefusal';
  }
}

interface Waiting {
  start: () => void;
  refuse: (refusal: QueueRefusal) => void;
}

/** Runs jobs of many keys: of each key one at a time, and the keys take turns. */
export class FairQueue {
  readonly #running = new Set<string>();
  /** In the order of turns: a key moves to the end when a job of it starts. */
  readonly #waiting = new Map<string, Waiting[]>();
  #waitingCount = 0;
  #closed = false;

  constructor(private readonly limits: FairQueueLimits) {}

  /** @throws {QueueRefusal} */
  async run<R>(key: string, job: () => Promise<R>): Promise<R> {
    await this.#turn(key);
    try {
      return await job();
    } finally {
      this.#running.delete(key);
      this.#startNext();
    }
  }

  /** Refuses the jobs that wait and those that come; those that run end by themselves. */
  close(): void {
    this.#closed = true;
    for (const jobs of this.#waiting.values()) {
      for (const { refuse } of jobs) refuse(new QueueRefusal('closed'));
    }
    this.#waiting.clear();
  }

  #turn(key: string): Promise<void> {
    if (this.#closed) throw new QueueRefusal('closed');
    const { concurrency, maxWaiting, maxWaitingPerKey } = this.limits;
    if (this.#running.size < concurrency && !this.#running.has(key)) {
      this.#running.add(key);
      return Promise.resolve();
    }
    const jobs = this.#waiting.get(key) ?? [];
    if (this.#waitingCount >= maxWaiting || jobs.length >= maxWaitingPerKey) throw new QueueRefusal('full');
    return new Promise((start, refuse) => {
      jobs.push({ start, refuse });
      this.#waiting.set(key, jobs);
      this.#waitingCount += 1;
    });
  }

  #startNext(): void {
    for (const [key, jobs] of this.#waiting) {
      if (this.#running.has(key)) continue;
      const { start } = jobs.shift()!;
      this.#waitingCount -= 1;
      this.#waiting.delete(key);
      if (jobs.length > 0) this.#waiting.set(key, jobs);
      this.#running.add(key);
      start();
      return;
    }
  }
}
