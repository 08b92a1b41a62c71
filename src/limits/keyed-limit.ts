import type { Settings } from '../config/settings.js';
import { RateLimited } from '../errors/problem.js';
import { BoundedLimiter, type LimiterOptions } from './bounded-limiter.js';

/** Limits how often something is done by each key (a user, an address), in one or several windows at once. */
export class KeyedLimit {
  readonly #windows: readonly BoundedLimiter[];

  /** @param what ends the message: "Too many …" */
  constructor(
    private readonly settings: Pick<Settings, 'rateLimit'>,
    private readonly what: string,
    ...windows: readonly LimiterOptions[]
  ) {
    this.#windows = windows.map((options) => new BoundedLimiter(options));
  }

  /** Counts one for the key. @throws {Problem} rate_limited */
  async consume(key: string): Promise<void> {
    if (!this.settings.rateLimit) return;
    for (const window of this.#windows) {
      const waitMs = await window.consume(key);
      if (waitMs > 0) {
        throw new RateLimited(`Too many ${this.what}; try again after Retry-After seconds.`, waitMs);
      }
    }
  }
}
