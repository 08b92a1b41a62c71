import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { RateLimited } from '../errors/problem.js';
import { BoundedLimiter } from './bounded-limiter.js';

/**
 * Limits how many accounts may be created from one address. The guests of a whole room behind one address can sign in
 * at once. Registrations are limited more strictly: each costs a password hash and occupies a username.
 */
@Injectable()
export class AccountLimits {
  readonly #guests = [new BoundedLimiter({ points: 600, durationSeconds: 60 })];
  readonly #registrations = [
    new BoundedLimiter({ points: 30, durationSeconds: 60 }),
    new BoundedLimiter({ points: 200, durationSeconds: 3600 }),
  ];

  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  /** @throws {Problem} rate_limited */
  guest(address: string): Promise<void> {
    return this.#consume(this.#guests, address);
  }

  /** @throws {Problem} rate_limited */
  registration(address: string): Promise<void> {
    return this.#consume(this.#registrations, address);
  }

  async #consume(limiters: readonly BoundedLimiter[], address: string): Promise<void> {
    if (!this.settings.rateLimit) return;
    for (const limiter of limiters) {
      const waitMs = await limiter.consume(address);
      if (waitMs > 0) {
        throw new RateLimited(
          'Too many accounts were created from this address; try again after Retry-After seconds.',
          waitMs,
        );
      }
    }
  }
}
