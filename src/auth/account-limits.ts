import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { KeyedLimit } from '../limits/keyed-limit.js';

const what = 'accounts were created from this address';

/**
 * Limits how many accounts may be created from one address. The guests of a whole room behind one address can sign in
 * at once. Registrations are limited more strictly: each costs a password hash and occupies a username.
 */
@Injectable()
export class AccountLimits {
  readonly #guests: KeyedLimit;
  readonly #registrations: KeyedLimit;

  constructor(@Inject(SETTINGS) settings: Settings) {
    this.#guests = new KeyedLimit(settings, what, { points: 600, durationSeconds: 60 });
    this.#registrations = new KeyedLimit(
      settings,
      what,
      { points: 30, durationSeconds: 60 },
      { points: 200, durationSeconds: 3600 },
    );
  }

  /** @throws {Problem} rate_limited */
  guest(address: string): Promise<void> {
    return this.#guests.consume(address);
  }

  /** @throws {Problem} rate_limited */
  registration(address: string): Promise<void> {
    return this.#registrations.consume(address);
  }
}
