export interface FairQueueLimits {
  maxRunning: number;
  /** Of one key at the same time; as many as may run at all, if not given. */
  maxRunningPerKey?: number;
  /** Jobs that wait, of all keys together. */
  maxWaiting: number;
  /** As many as may wait at all, if not given. */
  maxWaitingPerKey?: number;
}

/** A job was not queued, lost its place to another key, or its queue was closed while it waited. */
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

/**
 * Runs a limited number of jobs at once and lets a limited number wait. Keys take turns, each in its own order; when the
 * queue is full, the key with the most waiting jobs loses its newest to a key that has fewer. So the jobs of one caller
 * cannot keep the others out.
 */
export class FairQueue {
  /** Jobs that run, by key; no key has 0. */
  readonly #running = new Map<string, number>();
  /** By key, in the order of their next turns; no key has an empty list. */
  readonly #waiting = new Map<string, Waiting[]>();
  #runningCount = 0;
  #waitingCount = 0;
  #closed = false;

  constructor(private readonly limits: FairQueueLimits) {}

  /** @throws {QueueRefusal} */
  async run<R>(key: string, job: () => Promise<R>): Promise<R> {
    if (this.#closed) throw new QueueRefusal('closed');
    if (this.#mayRun(key)) this.#occupy(key);
    else await this.#wait(key);
    try {
      return await job();
    } finally {
      this.#release(key);
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
    this.#waitingCount = 0;
  }

  #mayRun(key: string): boolean {
    const { maxRunning, maxRunningPerKey = maxRunning } = this.limits;
    return this.#runningCount < maxRunning && (this.#running.get(key) ?? 0) < maxRunningPerKey;
  }

  #wait(key: string): Promise<void> {
    const { maxWaiting, maxWaitingPerKey = maxWaiting } = this.limits;
    const jobs = this.#waiting.get(key) ?? [];
    if (jobs.length >= maxWaitingPerKey) throw new QueueRefusal('full');
    if (this.#waitingCount >= maxWaiting) this.#makeSpaceFor(jobs.length + 1);
    return new Promise((start, refuse) => {
      jobs.push({ start, refuse });
      this.#waiting.set(key, jobs);
      this.#waitingCount += 1;
    });
  }

  /** @throws {QueueRefusal} where no key has more waiting jobs than the newcomer's would have */
  #makeSpaceFor(wouldHave: number): void {
    const [longest] = [...this.#waiting.values()].sort((a, b) => b.length - a.length);
    if (!longest || longest.length <= wouldHave) throw new QueueRefusal('full');
    longest.pop()!.refuse(new QueueRefusal('full'));
    this.#waitingCount -= 1;
  }

  #startNext(): void {
    for (const [key, jobs] of this.#waiting) {
      if (!this.#mayRun(key)) continue;
      const { start } = jobs.shift()!;
      this.#waitingCount -= 1;
      this.#waiting.delete(key);
      if (jobs.length > 0) this.#waiting.set(key, jobs);
      this.#occupy(key);
      start();
      return;
    }
  }

  #occupy(key: string): void {
    this.#running.set(key, (this.#running.get(key) ?? 0) + 1);
    this.#runningCount += 1;
  }

  #release(key: string): void {
    const left = this.#running.get(key)! - 1;
    if (left === 0) this.#running.delete(key);
    else this.#running.set(key, left);
    this.#runningCount -= 1;
  }
}
