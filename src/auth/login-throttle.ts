import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Problem, RateLimited } from '../errors/problem.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { BoundedLimiter } from './bounded-limiter.js';

/** Failures of one account from one address: after the third, a delay of 250 ms, doubled with each, up to 3 s. */
const pair = { windowSeconds: 15 * 60, free: 3, firstDelayMs: 250, maxDelayMs: 3000, maxInProgress: 3 };
/** Failures of one account from any address: after the tenth, a delay that grows by 50 ms, up to 1 s. Never refused. */
const account = { windowSeconds: 15 * 60, free: 10, stepMs: 50, maxDelayMs: 1000 };
/** Failures from one address, of any account: beyond the budget, a delay and a limit on concurrent attempts. */
const address = { windowSeconds: 3600, budget: 100, delayMs: 3000, maxInProgress: 10 };
/** How long the budget of an address does not apply to an account after it signed in from there. */
const knownSeconds = 7 * 24 * 3600;

/** A limiter used only to count: it never refuses. */
const counter = (windowSeconds: number) =>
  new BoundedLimiter({ points: Number.MAX_SAFE_INTEGER, durationSeconds: windowSeconds });

/**
 * Slows down password guessing by delaying attempts after failures. Never locks an account: with the right password its
 * owner waits at most 1 s, or 3 s from the same address as the attacker. Owned by `AuthService`; counters are in memory,
 * per process.
 */
@Injectable()
export class LoginThrottle {
  readonly #pairFailures = counter(pair.windowSeconds);
  readonly #accountFailures = counter(account.windowSeconds);
  readonly #addressFailures = counter(address.windowSeconds);
  /** Pairs of address and account that have signed in. */
  readonly #known = counter(knownSeconds);
  readonly #inProgress = new Map<string, number>();
  readonly #closing = new AbortController();

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    lifecycle: Lifecycle,
  ) {
    // Delayed sign-ins are refused at once, so that they do not hold up the stop.
    lifecycle.onDrain(() => this.#closing.abort());
  }

  /**
   * Runs `check` after the delay that earlier failures require, and counts its outcome.
   * @param check resolves with undefined if the name or the password is wrong
   * @throws {Problem} rate_limited if too many attempts are in progress; draining
   */
  async run<R>(
    accountKey: string,
    addressKey: string,
    check: () => Promise<R | undefined>,
  ): Promise<R | undefined> {
    if (!this.settings.rateLimit) return check();
    const pairKey = `${addressKey} ${accountKey}`;
    const { delayMs, overBudget } = await this.#delayFor(accountKey, addressKey, pairKey);
    const maxInProgress = new Map([[pairKey, pair.maxInProgress]]);
    if (overBudget) maxInProgress.set(addressKey, address.maxInProgress);
    return this.#limitInProgress(maxInProgress, delayMs, async () => {
      await this.#delay(delayMs);
      const result = await check();
      if (result === undefined) {
        await Promise.all([
          this.#pairFailures.consume(pairKey),
          this.#accountFailures.consume(accountKey),
          this.#addressFailures.consume(addressKey),
        ]);
      } else {
        await Promise.all([this.#pairFailures.forget(pairKey), this.#known.consume(pairKey)]);
      }
      return result;
    });
  }

  async #delayFor(accountKey: string, addressKey: string, pairKey: string) {
    const [pairFailures, accountFailures, addressFailures, known] = await Promise.all([
      this.#pairFailures.consumed(pairKey),
      this.#accountFailures.consumed(accountKey),
      this.#addressFailures.consumed(addressKey),
      this.#known.consumed(pairKey),
    ]);
    const overBudget = addressFailures >= address.budget && known === 0;
    const delayMs = Math.max(
      pairFailures < pair.free
        ? 0
        : Math.min(pair.firstDelayMs * 2 ** (pairFailures - pair.free), pair.maxDelayMs),
      Math.min(Math.max(0, accountFailures - account.free) * account.stepMs, account.maxDelayMs),
      overBudget ? address.delayMs : 0,
    );
    return { delayMs, overBudget };
  }

  /**
   * Runs `work` if fewer attempts than allowed are in progress for each key.
   * @param limits maximum number of attempts in progress, by key
   * @throws {Problem} rate_limited
   */
  async #limitInProgress<R>(
    limits: ReadonlyMap<string, number>,
    delayMs: number,
    work: () => Promise<R>,
  ): Promise<R> {
    for (const [key, max] of limits) {
      if ((this.#inProgress.get(key) ?? 0) >= max) {
        throw new RateLimited(
          'Too many attempts to sign in at the same time; try again after Retry-After seconds.',
          delayMs,
        );
      }
    }
    for (const key of limits.keys()) this.#inProgress.set(key, (this.#inProgress.get(key) ?? 0) + 1);
    try {
      return await work();
    } finally {
      for (const key of limits.keys()) {
        const remaining = this.#inProgress.get(key)! - 1;
        if (remaining === 0) this.#inProgress.delete(key);
        else this.#inProgress.set(key, remaining);
      }
    }
  }

  async #delay(delayMs: number): Promise<void> {
    if (delayMs === 0) return;
    try {
      await sleep(delayMs, undefined, { signal: this.#closing.signal, ref: false });
    } catch {
      throw new Problem('draining', 'The server is shutting down: reconnect.');
    }
  }
}
