import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

interface Options {
  /** Units that a key may consume in one window. */
  points: number;
  /** Length of a window, which begins with a key's first unit, in seconds; at most 24 days, the longest timer. */
  durationSeconds: number;
}

/**
 * Counts what each key consumes in a window, for at most `maxKeys` keys: beyond that, the key whose last unit is
 * longest ago is forgotten. Keys come from callers (addresses, usernames), so their number has to be limited.
 */
export class BoundedLimiter {
  readonly #limiter: RateLimiterMemory;
  /** In the order of their last units. */
  readonly #keys = new Set<string>();

  constructor(
    options: Options,
    private readonly maxKeys = 10_000,
  ) {
    this.#limiter = new RateLimiterMemory({ points: options.points, duration: options.durationSeconds });
  }

  /** Consumes one unit. @returns how long until the key may consume again, in milliseconds; 0 where it may */
  async consume(key: string): Promise<number> {
    this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size > this.maxKeys) await this.forget(this.#keys.values().next().value!);
    try {
      await this.#limiter.consume(key);
      return 0;
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return refusal.msBeforeNext;
      throw refusal;
    }
  }

  /** Units consumed in the current window. */
  async consumed(key: string): Promise<number> {
    const state = await this.#limiter.get(key);
    return state === null || state.msBeforeNext <= 0 ? 0 : state.consumedPoints;
  }

  async forget(key: string): Promise<void> {
    this.#keys.delete(key);
    await this.#limiter.delete(key);
  }
}
