import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { KeyedLimit } from '../limits/keyed-limit.js';

/** Votes, and votes withdrawn, of a user in one room. */
export const maxUserVotes = [
  { points: 60, durationSeconds: 60 },
  { points: 600, durationSeconds: 3600 },
] as const;
/** The same from one address: 500 listeners behind it may vote twice a minute. */
const maxAddressVotes = { points: 1000, durationSeconds: 60 };

/**
 * Limits how often votes change, since each change is an event in the room's log. One instance, owned by the tracks
 * module; the counters are in memory.
 */
@Injectable()
export class VoteLimits {
  readonly #user: KeyedLimit;
  readonly #address: KeyedLimit;

  constructor(@Inject(SETTINGS) settings: Settings) {
    this.#user = new KeyedLimit(settings, 'votes in this room', ...maxUserVotes);
    this.#address = new KeyedLimit(settings, 'votes in this room from this address', maxAddressVotes);
  }

  /** Counts a vote, or a vote withdrawn, that changes something. @throws {Problem} rate_limited */
  async change(userId: string, address: string, roomId: string): Promise<void> {
    await this.#user.consume(`${roomId} ${userId}`);
    await this.#address.consume(`${roomId} ${address}`);
  }
}
