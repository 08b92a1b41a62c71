import type { Settings } from '../config/settings.js';
import type { LimiterOptions } from './bounded-limiter.js';
import { KeyedLimit } from './keyed-limit.js';

/** Windows per user and per address. */
export interface CallerWindows {
  user: readonly LimiterOptions[];
  address: LimiterOptions;
}

/** Limits how often something is done by each user, and by all users of an address together, because guests are free. */
export class CallerLimit {
  readonly #users: KeyedLimit;
  readonly #addresses: KeyedLimit;

  /** @param what ends the message: "Too many …" */
  constructor(settings: Pick<Settings, 'rateLimit'>, what: string, { user, address }: CallerWindows) {
    this.#users = new KeyedLimit(settings, what, ...user);
    this.#addresses = new KeyedLimit(settings, `${what} from this address`, address);
  }

  /** Counts one. @param scope what is counted by itself, such as a room; '' for all @throws {Problem} rate_limited */
  async consume(userId: string, address: string, scope = ''): Promise<void> {
    await this.#users.consume(`${scope} ${userId}`);
    await this.#addresses.consume(`${scope} ${address}`);
  }
}
