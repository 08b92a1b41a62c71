import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Problem, RateLimited } from '../errors/problem.js';
import { BoundedLimiter } from './bounded-limiter.js';

/** Failures of one account from one address: from the fourth on, delays of 250 ms, doubled each time, up to 3 s. */
const pair = { windowSeconds: 15 * 60, free: 3, firstDelayMs: 250, maxDelayMs: 3000, maxInProgress: 3 };
/** Failures of one account from anywhere: from the eleventh on, 50 ms more for each, up to 1 s. Never a refusal. */
const account = { windowSeconds: 15 * 60, free: 10, stepMs: 50, maxDelayMs: 1000 };
/** Failures from one address, whatever the account: beyond the budget, a delay and a few attempts at once. */
const address = { windowSeconds: 3600, budget: 100, delayMs: 3000, maxInProgress: 10 };
/** For how long an account that signed in from an address is not affected by that address's budget. */
const knownSeconds = 7 * 24 * 3600;

/** Points only matter to limiters that refuse; these only count. */
const counter = (windowSeconds: number) =>
  new BoundedLimiter({ points: Number.MAX_SAFE_INTEGER, durationSeconds: windowSeconds });

/**
 * Slows down guessing passwords. Only failures count. Nothing here locks an account: with the right password its
 * owner signs in after a delay of at most a second from another address, and of at most three from the attacker's
 * own. Owned by `AuthService`; kept in memory, per process.
 */
@Injectable()
export class LoginThrottle implements OnModuleDestroy {
  readonly #ofPair = counter(pair.windowSeconds);
  readonly #ofAccount = counter(account.windowSeconds);
  readonly #ofAddress = counter(address.windowSeconds);
  /** Pairs that have signed in. */
  readonly #known = counter(knownSeconds);
  readonly #inProgress = new Map<string, number>();
  readonly #closing = new AbortController();

  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  onModuleDestroy(): void {
    this.#closing.abort();
  }

  /**
   * Runs `check`, which resolves with undefined where the password is wrong, after the delay that earlier failures
   * have earned.
   * @throws {Problem} rate_limited where too many attempts wait already, draining
   */
  async run<R>(
    accountKey: string,
    addressKey: string,
    check: () => Promise<R | undefined>,
  ): Promise<R | undefined> {
    if (!this.settings.rateLimit) return check();
    const pairKey = `${addressKey} ${accountKey}`;
    const { delayMs, overBudget } = await this.#assess(accountKey, addressKey, pairKey);
    const places = new Map([[pairKey, pair.maxInProgress]]);
    if (overBudget) places.set(addressKey, address.maxInProgress);
    return this.#holding(places, delayMs, async () => {
      await this.#delay(delayMs);
      const result = await check();
      if (result === undefined) {
        await Promise.all([
          this.#ofPair.consume(pairKey),
          this.#ofAccount.consume(accountKey),
          this.#ofAddress.consume(addressKey),
        ]);
      } else {
        await Promise.all([this.#ofPair.forget(pairKey), this.#known.consume(pairKey)]);
      }
      return result;
    });
  }

  async #assess(accountKey: string, addressKey: string, pairKey: string) {
    const [ofPair, ofAccount, ofAddress, known] = await Promise.all([
      this.#ofPair.consumed(pairKey),
      this.#ofAccount.consumed(accountKey),
      this.#ofAddress.consumed(addressKey),
      this.#known.consumed(pairKey),
    ]);
    const overBudget = ofAddress >= address.budget && known === 0;
    const delayMs = Math.max(
      ofPair < pair.free ? 0 : Math.min(pair.firstDelayMs * 2 ** (ofPair - pair.free), pair.maxDelayMs),
      Math.min(Math.max(0, ofAccount - account.free) * account.stepMs, account.maxDelayMs),
      overBudget ? address.delayMs : 0,
    );
    return { delayMs, overBudget };
  }

  /** Runs `work` while it has one of the places of each key. @throws {Problem} rate_limited where one has none left */
  async #holding<R>(
    places: ReadonlyMap<string, number>,
    delayMs: number,
    work: () => Promise<R>,
  ): Promise<R> {
    for (const [key, max] of places) {
      if ((this.#inProgress.get(key) ?? 0) >= max) {
        throw new RateLimited(
          'Too many attempts to sign in at once; wait as long as Retry-After says.',
          delayMs,
        );
      }
    }
    for (const key of places.keys()) this.#inProgress.set(key, (this.#inProgress.get(key) ?? 0) + 1);
    try {
      return await work();
    } finally {
      for (const key of places.keys()) {
        const left = this.#inProgress.get(key)! - 1;
        if (left === 0) this.#inProgress.delete(key);
        else this.#inProgress.set(key, left);
      }
    }
  }

  async #delay(delayMs: number): Promise<void> {
    if (delayMs === 0) return;
    try {
      await sleep(delayMs, undefined, { signal: this.#closing.signal, ref: false });
    } catch {
      throw new Problem('draining', 'The server is going down: reconnect.');
    }
  }
}
