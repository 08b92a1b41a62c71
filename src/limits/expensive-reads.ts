import { setImmediate, setTimeout } from 'node:timers';
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Problem, RateLimited } from '../errors/problem.js';

/** Reads that may wait for the user's one read in progress: the 20 connections that a user may have to a room, and some. */
export const maxWaitingPerUser = 32;
/** Reads that may wait on this server in all: more than the listeners of a large room that connect at once. */
export const maxWaiting = 2000;
/** A read that took this long, in milliseconds, is followed by a pause of the same length: other work can run in between. */
const pausedFromMs = 5;
const maxPauseMs = 200;
/** Reads in progress at once. With SQLite each one blocks the event loop; with PostgreSQL they take pool connections. */
export const maxExecuting = 4;

/**
 * Runs reads that are large or slow (a room's state, pages of its log, its tracks, statistics), for REST and sockets
 * alike, so that callers who ask for many of them do not delay others.
 *
 * Invariants: at most `maxExecuting` reads are in progress; at most one of each user; users with waiting reads take
 * turns; at most one read starts in one turn of the event loop. What waits is bounded per user and in all.
 */
@Injectable()
export class ExpensiveReads {
  /** Waiting reads of users that have none in progress, in the order in which the users' turns come. */
  readonly #ready = new Map<string, (() => void)[]>();
  /** Waiting reads of users that have one in progress. */
  readonly #executing = new Map<string, (() => void)[]>();
  #waiting = 0;
  #scheduled = false;
  /** Of the monotonic clock, in milliseconds. */
  #pausedUntil = 0;
  #waitsForPause = false;

  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  /**
   * Runs `work` when it is the user's turn. The place is given up one turn of the event loop after `work` has settled,
   * so that encoding the answer is counted too; then nothing begins for as long as the read took.
   * @param options `pauses: false` for reads whose number is limited otherwise, and that many users need at once
   * @throws {Problem} rate_limited where too many of the user's reads wait, unavailable where too many wait in all
   */
  run<R>(userId: string, work: () => Promise<R>, { pauses = true } = {}): Promise<R> {
    if (this.settings.rateLimit) this.#requirePlace(userId);
    return new Promise((resolve, reject) => {
      this.#enqueue(userId, () => {
        const startedAt = performance.now();
        // `work` may throw before it returns its promise.
        new Promise<R>((settle) => settle(work())).then(resolve, reject).finally(() => {
          setImmediate(() => this.#finish(userId, pauses ? performance.now() - startedAt : 0));
        });
      });
    });
  }

  #requirePlace(userId: string): void {
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

  /** Starts at most one read in this turn of the event loop. */
  #startNext(): void {
    if (this.#scheduled || this.#executing.size >= maxExecuting) return;
    const pauseMs = this.#pausedUntil - performance.now();
    if (pauseMs > 0) {
      if (!this.#waitsForPause) {
        this.#waitsForPause = true;
        setTimeout(() => {
          this.#waitsForPause = false;
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
    if (tookMs >= pausedFromMs) this.#pausedUntil = performance.now() + Math.min(tookMs, maxPauseMs);
    const waiting = this.#executing.get(userId)!;
    this.#executing.delete(userId);
    // Behind the users who wait already.
    if (waiting.length > 0) this.#ready.set(userId, waiting);
    this.#startNext();
  }
}
