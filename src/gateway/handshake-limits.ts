import { Inject, Injectable } from '@nestjs/common';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Problem } from '../errors/problem.js';

/** A listener whose network changes all the time needs a few a minute; a user may have 20 connections a room. */
const byUser = { points: 180, duration: 60 };
/** Costs a user whose connection was cut for flooding as much as this many handshakes. */
const floodPenalty = 30;

/** Limits how often a user connects: each handshake reads a room's state and the events that were missed. */
@Injectable()
export class HandshakeLimits {
  readonly #byUser = new RateLimiterMemory({ keyPrefix: 'user', ...byUser });

  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  /** @throws {Problem} too_many_connections */
  async requireUser(userId: string): Promise<void> {
    if (!this.settings.rateLimit) return;
    try {
      await this.#byUser.consume(userId);
    } catch (refusal) {
      const seconds = Math.ceil((refusal as RateLimiterRes).msBeforeNext / 1000);
      throw new Problem(
        'too_many_connections',
        `Connecting too often; wait ${seconds} s before the next attempt.`,
      );
    }
  }

  async penalize(userId: string): Promise<void> {
    if (this.settings.rateLimit) await this.#byUser.penalty(userId, floodPenalty);
  }
}
