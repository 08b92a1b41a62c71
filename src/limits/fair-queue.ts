import { type BacklogLimits, type ExceededLimit, FairBacklog, type QueueKey } from './fair-backlog.js';

/** Numbers of jobs of a `FairQueue`. */
export interface FairQueueLimits extends BacklogLimits {
  /** Of all keys together. */
  maxRunning: number;
  /** Of one key, in all groups. Default: `maxRunning`. */
  maxRunningPerKey?: number;
}

/**
 * Why a job did not run. `full`: it was not queued, or was removed in favour of another key's job. `closed`: the queue
 * was closed before the job started. `aborted`: its caller did not want it any more.
 */
export class QueueRefusal extends Error {
  constructor(
    readonly reason: 'full' | 'closed' | 'aborted',
    /** Of a full queue: the limit that was exceeded. */
    readonly limit?: ExceededLimit,
  ) {
    super(reason === 'aborted' ? 'the job was aborted' : `the queue is ${reason}`);
    this.name = 'QueueRefusal';
  }
}

interface Waiting {
  start: () => void;
  refuse: (refusal: QueueRefusal) => void;
}

/**
 * Runs a limited number of jobs at a time and queues a limited number. Callers take turns as in `FairBacklog`: first
 * groups, then keys; the jobs of one key run in order. If the queue is full, a job of a key with fewer waiting jobs
 * replaces the newest job of the key with the most, so that one caller cannot occupy the whole queue.
 */
export class FairQueue {
  /** Number of running jobs by key; keys without one are absent. */
  readonly #running = new Map<string, number>();
  readonly #waiting: FairBacklog<Waiting>;
  #runningCount = 0;
  #closed = false;

  /**
   * @param mayStart called just before a job starts; after it has returned false, its owner calls `resume` later. For
   * queues whose jobs start with pauses
   */
  constructor(
    private readonly limits: FairQueueLimits,
    private readonly mayStart: () => boolean = () => true,
  ) {
    this.#waiting = new FairBacklog(limits);
  }

  /**
   * Runs `job` when it is its turn.
   * @param of the key alone if it is a group too
   * @param signal removes the job if it is still waiting; a running job continues
   * @throws {QueueRefusal} if it was not run
   */
  async run<R>(of: QueueKey | string, job: () => Promise<R>, signal?: AbortSignal): Promise<R> {
    if (this.#closed) throw new QueueRefusal('closed');
    if (signal?.aborted) throw new QueueRefusal('aborted');
    const place = typeof of === 'string' ? { group: of, key: of } : of;
    const { key } = place;
    if (this.#isReady(key) && !this.#next() && this.mayStart()) this.#occupy(key);
    else await this.#wait(place, signal);
    try {
      return await job();
    } finally {
      this.#release(key);
      this.resume();
    }
  }

  /** Starts a waiting job, if one may run. */
  resume(): void {
    const next = this.#next();
    if (!next || !this.mayStart()) return;
    this.#occupy(next.key);
    this.#waiting.take(next).start();
  }

  /** Refuses all waiting and future jobs; running jobs continue. */
  close(): void {
    this.#closed = true;
    for (const { refuse } of this.#waiting.clear()) refuse(new QueueRefusal('closed'));
  }

  /** The waiting job that may run now and whose turn it is. */
  #next(): QueueKey | undefined {
    return this.#runningCount < this.limits.maxRunning
      ? this.#waiting.next((key) => this.#isReady(key))
      : undefined;
  }

  #isReady(key: string): boolean {
    const { maxRunning, maxRunningPerKey = maxRunning } = this.limits;
    return this.#runningCount < maxRunning && (this.#running.get(key) ?? 0) < maxRunningPerKey;
  }

  #wait(place: QueueKey, signal?: AbortSignal): Promise<void> {
    return new Promise((start, refuse) => {
      const waiting: Waiting = { start, refuse };
      const evicted = this.#waiting.add(place, waiting);
      evicted?.item.refuse(new QueueRefusal('full', evicted.limit));
      const abort = () => {
        if (this.#waiting.remove(place, waiting)) refuse(new QueueRefusal('aborted'));
      };
      signal?.addEventListener('abort', abort, { once: true });
    });
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
