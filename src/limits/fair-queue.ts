/** Numbers of jobs of a `FairQueue`. */
export interface FairQueueLimits {
  /** Of all keys together. */
  maxRunning: number;
  /** Default: `maxRunning`. */
  maxRunningPerKey?: number;
  /** Of all keys together. */
  maxWaiting: number;
  /** Default: `maxWaiting`. */
  maxWaitingPerKey?: number;
}

/**
 * Why a job did not run. `full`: it was not queued, or was removed in favour of another key's job. `closed`: the queue
 * was closed before the job started.
 */
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
 * Runs a limited number of jobs at a time and queues a limited number. Keys (callers) take turns; the jobs of one key
 * run in order. If the queue is full, a job of a key with fewer waiting jobs replaces the newest job of the key with the
 * most, so that one caller cannot occupy the whole queue.
 */
export class FairQueue {
  /** Number of running jobs by key; keys without one are absent. */
  readonly #running = new Map<string, number>();
  /** Waiting jobs by key, keys in the order of their next turns; keys without one are absent. */
  readonly #waiting = new Map<string, Waiting[]>();
  #runningCount = 0;
  #waitingCount = 0;
  #closed = false;

  constructor(private readonly limits: FairQueueLimits) {}

  /** Runs `job` when it is its turn. @throws {QueueRefusal} if it was not run */
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

  /** Refuses all waiting and future jobs; running jobs continue. */
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
    if (this.#waitingCount >= maxWaiting) this.#evictFor(jobs.length + 1);
    return new Promise((start, refuse) => {
      jobs.push({ start, refuse });
      this.#waiting.set(key, jobs);
      this.#waitingCount += 1;
    });
  }

  /**
   * Evicts the newest job of the key with the most waiting jobs.
   * @param ownCount waiting jobs of the new job's key, including the new one
   * @throws {QueueRefusal} if no key has more than `ownCount` waiting jobs
   */
  #evictFor(ownCount: number): void {
    const [longest] = [...this.#waiting.values()].sort((a, b) => b.length - a.length);
    if (!longest || longest.length <= ownCount) throw new QueueRefusal('full');
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
