import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Problem, RateLimited } from '../errors/problem.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { BoundedLimiter } from '../limits/bounded-limiter.js';
import { FairQueue, QueueRefusal } from '../limits/fair-queue.js';

/** The longest delay of an answer: shorter than the time for which the client library waits for one (15 s). */
const maxDelayMs = 12_000;
/** Failures of one account from one source: after the third, a delay of 250 ms, doubled with each. */
const pair = { windowSeconds: 15 * 60, free: 3, firstDelayMs: 250 };
/** Failures of one account from any source: after the tenth, a delay that grows by 50 ms, up to 1 s. */
const account = { windowSeconds: 15 * 60, free: 10, stepMs: 50, maxDelayMs: 1000 };
/** Failures from one source, of any account: after the hundredth, a delay that grows by 200 ms. */
const source = { windowSeconds: 3600, free: 100, stepMs: 200 };
/** Delays are shortened at random by up to this share, so that attempts that began together do not return together. */
const jitter = 0.2;
/** How long the failures of other accounts do not count for an account that has signed in from the same source. */
const knownSeconds = 7 * 24 * 3600;
/** Attempts of a source that are being checked, or have failed and are not answered yet; others wait for them. */
export const maxInProgress = 64;
/** Of an address. */
export const maxWaiting = 256;
/** Of all addresses. */
const maxTotal = 4096;

/** A limiter used only to count: it never refuses. */
const counter = (windowSeconds: number) =>
  new BoundedLimiter({ points: Number.MAX_SAFE_INTEGER, durationSeconds: windowSeconds });

/** A sign-in. */
export interface LoginAttempt {
  /** The same for all spellings of a username. */
  account: string;
  /** The key of the client's address. */
  address: string;
  /**
   * Who makes it, as far as limits can tell: the client's address; or the address together with the account, if the client
   * has sent a token of an earlier sign-in to it, so that others behind its address do not count.
   */
  source: string;
  /** Aborted when the client has closed its connection. */
  gone: AbortSignal;
}

/**
 * Slows down password guessing. Every password is checked as soon as possible; after failures the answer to a wrong one
 * is delayed, so that the owner of an account is never delayed by the guesses of others. A failed attempt is in progress
 * until its delay has ended, even if the client has gone, and each source may have `maxInProgress`: that limits the
 * number of guesses in a given time. Further attempts wait for their turn, as long as their clients do.
 *
 * Owned by `AuthService`; counters are in memory, per process.
 */
@Injectable()
export class LoginThrottle {
  readonly #pairFailures = counter(pair.windowSeconds);
  readonly #accountFailures = counter(account.windowSeconds);
  readonly #sourceFailures = counter(source.windowSeconds);
  /** Pairs of source and account that have signed in. */
  readonly #known = counter(knownSeconds);
  readonly #attempts = new FairQueue({
    maxRunning: maxTotal,
    maxRunningPerKey: maxInProgress,
    maxWaiting: maxTotal,
    maxWaitingPerGroup: maxWaiting,
  });
  readonly #closing = new AbortController();

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    lifecycle: Lifecycle,
  ) {
    // Waiting and delayed attempts are refused at once, so that they do not hold up the stop.
    lifecycle.onDrain(() => {
      this.#attempts.close();
      this.#closing.abort();
    });
  }

  /**
   * Runs `check` when it is the attempt's turn; if it fails, returns after the delay that the failures require.
   * @param check resolves with undefined if the name or the password is wrong
   * @throws {Problem} rate_limited if too many attempts wait; draining
   */
  async run<R>(attempt: LoginAttempt, check: () => Promise<R | undefined>): Promise<R | undefined> {
    if (!this.settings.rateLimit) return check();
    try {
      return await this.#attempts.run(
        { group: attempt.address, key: attempt.source },
        async () => {
          const result = await check();
          if (result === undefined) await this.#delay(await this.#failed(attempt));
          else await this.#succeeded(attempt);
          return result;
        },
        attempt.gone,
      );
    } catch (error) {
      throw error instanceof QueueRefusal ? problemOf(error) : error;
    }
  }

  async #succeeded(attempt: LoginAttempt): Promise<void> {
    const key = pairKey(attempt);
    await Promise.all([this.#pairFailures.forget(key), this.#known.consume(key)]);
  }

  /** Counts a failure. @returns the delay of its answer, in milliseconds */
  async #failed(attempt: LoginAttempt): Promise<number> {
    const key = pairKey(attempt);
    const [pairFailures, accountFailures, sourceFailures, known] = await Promise.all([
      count(this.#pairFailures, key),
      count(this.#accountFailures, attempt.account),
      count(this.#sourceFailures, attempt.source),
      this.#known.consumed(key),
    ]);
    const delayMs = Math.max(
      pairFailures <= pair.free ? 0 : pair.firstDelayMs * 2 ** (pairFailures - pair.free - 1),
      Math.min((accountFailures - account.free) * account.stepMs, account.maxDelayMs),
      known > 0 ? 0 : (sourceFailures - source.free) * source.stepMs,
      0,
    );
    return Math.min(delayMs, maxDelayMs) * (1 - jitter * Math.random());
  }

  async #delay(delayMs: number): Promise<void> {
    if (delayMs === 0) return;
    try {
      await sleep(delayMs, undefined, { signal: this.#closing.signal, ref: false });
    } catch {
      throw draining();
    }
  }
}

const pairKey = ({ source, account }: LoginAttempt): string => `${source} ${account}`;

/** Counts one unit. @returns the number in the current window, this one included */
async function count(limiter: BoundedLimiter, key: string): Promise<number> {
  await limiter.consume(key);
  return limiter.consumed(key);
}

const draining = (): Problem => new Problem('draining', 'The server is shutting down: reconnect.');

const problemOf = ({ reason }: QueueRefusal): Problem =>
  reason === 'closed'
    ? draining()
    : new RateLimited(
        'Too many attempts to sign in from this address; try again after Retry-After seconds, or send the token of an earlier sign-in to this account.',
        5000,
      );
