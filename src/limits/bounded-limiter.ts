import { AsyncLocalStorage } from 'node:async_hooks';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** Of a `BoundedLimiter`. */
export interface LimiterOptions {
  /** Number of units that a key may consume in one window. */
  points: number;
  /** Length of a window, which starts with the key's first unit; at most 24 days, the longest timer of Node.js. */
  durationSeconds: number;
}

/** Runs a function without the context of the current request. */
const outsideOfRequests = AsyncLocalStorage.snapshot();

/**
 * Counts the units that each key consumes in a window, for at most `maxKeys` keys: beyond that, the least recently used
 * key is evicted. Keys come from callers (addresses, usernames), so their number must be limited.
 */
export class BoundedLimiter {
  readonly #limiter: RateLimiterMemory;
  /** Least recently used first. */
  readonly #keys = new Set<string>();

  constructor(
    options: LimiterOptions,
    private readonly maxKeys = 10_000,
  ) {
    this.#limiter = new RateLimiterMemory({ points: options.points, duration: options.durationSeconds });
  }

  /** @returns 0 if allowed, else milliseconds until the window ends */
  async consume(key: string, units = 1): Promise<number> {
    this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size > this.maxKeys) await this.forget(this.#keys.values().next().value!);
    try {
      // The timer that ends the window would otherwise hold the request until then.
      await outsideOfRequests(() => this.#limiter.consume(key, units));
      return 0;
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return refusal.msBeforeNext;
      throw refusal;
    }
  }

  /** Number of units consumed in the current window. */
  async consumed(key: string): Promise<number> {
    const state = await this.#limiter.get(key);
    return state === null || state.msBeforeNext <= 0 ? 0 : state.consumedPoints;
  }

  async forget(key: string): Promise<void> {
    this.#keys.delete(key);
    await this.#limiter.delete(key);
  }
}
