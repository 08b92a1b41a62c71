import { setImmediate, setTimeout } from 'node:timers';
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Problem, RateLimited } from '../errors/problem.js';

/** Waiting reads per user: one for each of the 20 connections that a user may have to a room, and a margin. */
export const maxWaitingPerUser = 32;
/** Waiting reads of all users: enough for all listeners of a large room to connect at the same time. */
export const maxWaiting = 2000;
/** After a read that took at least this long, no read starts for the same time, so that other work can run. */
const minPauseMs = 5;
const maxPauseMs = 200;
/** Concurrent reads. With SQLite each one blocks the event loop; with PostgreSQL each takes a pool connection. */
export const maxExecuting = 4;

/**
 * Schedules large or slow reads (a room's state, pages of its log, its tracks, statistics) of REST and sockets, so that
 * callers with many of them do not delay others. One per server.
 *
 * Invariants: at most `maxExecuting` reads run at a time, and at most one per user; users with waiting reads take turns
 * (round robin); at most one read starts per turn of the event loop; the number of waiting reads is limited per user
 * and in total.
 */
@Injectable()
export class ExpensiveReads {
  /** Waiting reads of users without a running one, in the order of the users' turns. */
  readonly #ready = new Map<string, (() => void)[]>();
  /** Waiting reads of users with a running one. */
  readonly #executing = new Map<string, (() => void)[]>();
  #waiting = 0;
  #scheduled = false;
  /** Monotonic clock, in milliseconds. */
  #pausedUntilMs = 0;
  #pauseTimerSet = false;

  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  /**
   * Runs `work` when it is the user's turn. The read ends one turn of the event loop after `work` has settled, so that
   * the time to encode the answer counts too; then no read starts for as long as this one took.
   * @param options `pauses: false` for reads that many users need at once and whose number is limited elsewhere
   * @throws {Problem} rate_limited if too many reads of the user wait, unavailable if too many wait in total
   */
  run<R>(userId: string, work: () => Promise<R>, { pauses = true } = {}): Promise<R> {
    if (this.settings.rateLimit) this.#requireCapacity(userId);
    return new Promise((resolve, reject) => {
      this.#enqueue(userId, () => {
        const startedAt = performance.now();
        // Called inside the promise, because `work` may throw instead of returning a promise.
        new Promise<R>((settle) => settle(work())).then(resolve, reject).finally(() => {
          setImmediate(() => this.#finish(userId, pauses ? performance.now() - startedAt : 0));
        });
      });
    });
  }

  #requireCapacity(userId: string): void {
    const own = this.#executing.get(userId) ?? this.#ready.get(userId);
    if (own && own.length >= maxWaitingPerUser) {
      throw new RateLimited('Too many large reads at once; wait for the answers to the earlier ones.', 1000);
    }
    if (this.#waiting >= maxWaiting) {
      throw new Problem('unavailable', 'Too many large reads are waiting; try again in a moment.');
    }
  }

  #enqueue(userId: string, start: () => void): void {
    const waiting = this.#executing.get(userId) ?? this.#ready.get(userId);
    if (waiting) waiting.push(start);
    else this.#ready.set(userId, [start]);
    this.#waiting += 1;
    this.#startNext();
  }

  /** Starts a read if one may run now; at most one per turn of the event loop. */
  #startNext(): void {
    if (this.#scheduled || this.#executing.size >= maxExecuting) return;
    const pauseMs = this.#pausedUntilMs - performance.now();
    if (pauseMs > 0) {
      if (!this.#pauseTimerSet) {
        this.#pauseTimerSet = true;
        setTimeout(() => {
          this.#pauseTimerSet = false;
          this.#startNext();
        }, pauseMs);
      }
      return;
    }
    const [next] = this.#ready;
    if (!next) return;
    const [userId, waiting] = next;
    this.#ready.delete(userId);
    this.#executing.set(userId, waiting);
    this.#waiting -= 1;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#startNext();
    });
    waiting.shift()!();
  }

  #finish(userId: string, tookMs: number): void {
    if (tookMs >= minPauseMs) this.#pausedUntilMs = performance.now() + Math.min(tookMs, maxPauseMs);
    const waiting = this.#executing.get(userId)!;
    this.#executing.delete(userId);
    // Back to the end of the round.
    if (waiting.length > 0) this.#ready.set(userId, waiting);
    this.#startNext();
  }
}
