import { setImmediate, setTimeout } from 'node:timers';
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { RateLimited, RetryLater } from '../errors/problem.js';
import { FairQueue, QueueRefusal } from './fair-queue.js';

/** Waiting reads per user: one for each of the 20 connections that a user may have to a room, and a margin. */
export const maxWaitingPerUser = 32;
/** Waiting reads of an address: enough for the listeners behind it to connect to a large room at the same time. */
export const maxWaitingPerAddress = 1200;
/** Waiting reads of all users. */
export const maxWaiting = 2000;
/** After a read that took at least this long, no read starts for the same time, so that other work can run. */
const minPauseMs = 5;
const maxPauseMs = 200;
/** Concurrent reads. With SQLite each one blocks the event loop; with PostgreSQL each takes a pool connection. */
export const maxExecuting = 4;

/** For whom a read is. */
export interface Reader {
  userId: string;
  /** The key of the client's address, from `ClientAddresses`. */
  address: string;
}

/**
 * Schedules large or slow reads (a room's state, pages of its log, its tracks, statistics) of REST and sockets, so that
 * callers with many of them do not delay others. One per server.
 *
 * Invariants: at most `maxExecuting` reads run at a time, and at most one per user; addresses with waiting reads take
 * turns, and so do the users of an address; at most one read starts per turn of the event loop; the number of waiting
 * reads is limited per user, per address and in total, and beyond the last two limits a read of a user with fewer
 * waiting replaces one of those with the most.
 */
@Injectable()
export class ExpensiveReads {
  readonly #queue: FairQueue;
  #hasStartedInTurn = false;
  /** Monotonic clock, in milliseconds. */
  #pausedUntilMs = 0;
  #pauseTimerSet = false;

  constructor(@Inject(SETTINGS) { rateLimit }: Settings) {
    const limits = rateLimit
      ? { maxWaiting, maxWaitingPerGroup: maxWaitingPerAddress, maxWaitingPerKey: maxWaitingPerUser }
      : { maxWaiting: Infinity };
    this.#queue = new FairQueue({ maxRunning: maxExecuting, maxRunningPerKey: 1, ...limits }, () =>
      this.#mayStart(),
    );
  }

  /**
   * Runs `work` when it is the reader's turn. The read ends one turn of the event loop after `work` has settled, so that
   * the time to encode the answer counts too; then no read starts for as long as this one took.
   * @param options `pauses: false` for reads that many users need at once and whose number is limited elsewhere
   * @throws {Problem} rate_limited if too many reads of the user or the address wait, unavailable if too many wait in
   * total
   */
  run<R>({ userId, address }: Reader, work: () => Promise<R>, { pauses = true } = {}): Promise<R> {
    return new Promise((resolve, reject) => {
      const read = async () => {
        const startedAt = performance.now();
        // Called inside the promise, because `work` may throw instead of returning a promise.
        await new Promise<R>((settle) => settle(work())).then(resolve, reject);
        await new Promise((next) => setImmediate(next));
        if (pauses) this.#pauseAfter(performance.now() - startedAt);
      };
      this.#queue.run({ group: address, key: userId }, read).catch((error: Error) => {
        reject(error instanceof QueueRefusal ? problemOf(error) : error);
      });
    });
  }

  /** At most one read starts per turn of the event loop, and none during a pause; then the queue is resumed. */
  #mayStart(): boolean {
    if (this.#hasStartedInTurn) return false;
    const pauseMs = this.#pausedUntilMs - performance.now();
    if (pauseMs > 0) {
      this.#resumeAfter(pauseMs);
      return false;
    }
    this.#hasStartedInTurn = true;
    setImmediate(() => {
      this.#hasStartedInTurn = false;
      this.#queue.resume();
    });
    return true;
  }

  #resumeAfter(pauseMs: number): void {
    if (this.#pauseTimerSet) return;
    this.#pauseTimerSet = true;
    setTimeout(() => {
      this.#pauseTimerSet = false;
      this.#queue.resume();
    }, pauseMs);
  }

  #pauseAfter(tookMs: number): void {
    if (tookMs >= minPauseMs) this.#pausedUntilMs = performance.now() + Math.min(tookMs, maxPauseMs);
  }
}

function problemOf({ limit }: QueueRefusal): RetryLater {
  if (limit === 'total') {
    return new RetryLater('unavailable', 'Too many large reads are waiting; try again in a moment.', 1000);
  }
  return limit === 'key'
    ? new RateLimited('Too many large reads at once; wait for the answers to the earlier ones.', 1000)
    : new RateLimited('Too many large reads from this address are waiting; try again in a moment.', 1000);
}
