import type { IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import type { Socket as EngineConnection } from 'engine.io';
import { ClientAddresses } from '../config/client-addresses.js';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Problem } from '../errors/problem.js';
import { BoundedLimiter } from '../limits/bounded-limiter.js';

/** Engine.IO sessions from one address, behind which several hundred listeners may connect at the same time. */
const byAddress = { points: 1500, durationSeconds: 10 };
/** A listener whose network changes all the time needs a few a minute; a user may have 20 connections a room. */
const byUser = { points: 180, durationSeconds: 60 };
/** Addresses, and users, that are counted at the same time. */
const maxKeys = 100_000;
/**
 * How many handshakes a connection that was closed for flooding counts as; for its user after a flood of messages only.
 */
const floodPenalty = { user: 30, address: 20 };

/**
 * Limits how often an address opens a session, and how often a user connects: each connection to a room reads its
 * state and the missed events.
 */
@Injectable()
export class HandshakeLimits {
  readonly #byAddress = new BoundedLimiter(byAddress, maxKeys);
  readonly #byUser = new BoundedLimiter(byUser, maxKeys);
  /** Keys of client addresses by connection. */
  readonly #addresses = new WeakMap<EngineConnection, string>();

  constructor(
    private readonly addresses: ClientAddresses,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /**
   * For Engine.IO's `connection` event. The address is determined then: a long-polling client may have closed the TCP
   * connection of its first request later, and its address would be unknown.
   */
  opened(connection: EngineConnection): void {
    this.#addresses.set(connection, this.addresses.key(connection.request));
  }

  /** The key of the client's address, for a connection that was `opened`. */
  addressOf(connection: EngineConnection): string {
    return this.#addresses.get(connection)!;
  }

  /** For Engine.IO's `allowRequest`, which it calls only for requests that open a session. */
  async allows(request: IncomingMessage): Promise<boolean> {
    if (!this.settings.rateLimit) return true;
    return (await this.#byAddress.consume(this.addresses.key(request))) === 0;
  }

  /** @throws {Problem} too_many_connections */
  async requireUser(userId: string): Promise<void> {
    if (!this.settings.rateLimit) return;
    const waitMs = await this.#byUser.consume(userId);
    if (waitMs > 0) {
      throw new Problem(
        'too_many_connections',
        `Connecting too often; wait ${Math.ceil(waitMs / 1000)} s before the next attempt.`,
      );
    }
  }

  async penalizeUser(userId: string): Promise<void> {
    if (this.settings.rateLimit) await this.#byUser.consume(userId, floodPenalty.user);
  }

  async penalizeAddress(connection: EngineConnection): Promise<void> {
    if (this.settings.rateLimit) {
      await this.#byAddress.consume(this.addressOf(connection), floodPenalty.address);
    }
  }
}
