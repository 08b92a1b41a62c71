import { Inject, Injectable } from '@nestjs/common';
import { lockUser } from '../auth/users.js';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import type { User } from '../contract/index.js';
import type { Trx } from '../database/database.js';
import { Problem } from '../errors/problem.js';
import type { LimiterOptions } from '../limits/bounded-limiter.js';
import { KeyedLimit } from '../limits/keyed-limit.js';
import { RoomsReader } from './rooms.reader.js';

/** A user who has as many rooms cannot create another. */
export const maxAdministered = 50;
/** Created rooms. */
export const maxCreations = {
  user: { points: 20, durationSeconds: 3600 },
  address: { points: 200, durationSeconds: 3600 },
};
/** Changes of names, visibility or settings, in all rooms. */
export const maxUpdates = {
  user: { points: 60, durationSeconds: 600 },
  address: { points: 600, durationSeconds: 600 },
};
/** Joins of one room: 500 listeners behind one address may join at once. */
export const maxJoins = {
  user: { points: 10, durationSeconds: 600 },
  address: { points: 600, durationSeconds: 600 },
};

/**
 * Limits what any guest may do without being asked: create rooms, which tells the lobby, and join and leave rooms, which
 * fills their logs. By user, and by address because guests are free. One instance, owned by the rooms module; the counters
 * are in memory. Leaving is not limited: it needs a join before it.
 */
@Injectable()
export class RoomLimits {
  readonly #userCreations: KeyedLimit;
  readonly #addressCreations: KeyedLimit;
  readonly #userUpdates: KeyedLimit;
  readonly #addressUpdates: KeyedLimit;
  readonly #userJoins: KeyedLimit;
  readonly #addressJoins: KeyedLimit;

  constructor(
    private readonly reader: RoomsReader,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {
    const limit = (what: string, window: LimiterOptions) => new KeyedLimit(settings, what, window);
    this.#userCreations = limit('new rooms', maxCreations.user);
    this.#addressCreations = limit('new rooms from this address', maxCreations.address);
    this.#userUpdates = limit('changes of rooms', maxUpdates.user);
    this.#addressUpdates = limit('changes of rooms from this address', maxUpdates.address);
    this.#userJoins = limit('joins of this room', maxJoins.user);
    this.#addressJoins = limit('joins of this room from this address', maxJoins.address);
  }

  /** Counts a new room. @throws {Problem} rate_limited */
  async create(user: User, address: string): Promise<void> {
    await this.#userCreations.consume(user.id);
    await this.#addressCreations.consume(address);
  }

  /** Counts a change of a room's settings. @throws {Problem} rate_limited */
  async update(user: User, address: string): Promise<void> {
    await this.#userUpdates.consume(user.id);
    await this.#addressUpdates.consume(address);
  }

  /** Counts a join that makes the user a participant. @throws {Problem} rate_limited */
  async join(userId: string, address: string, roomId: string): Promise<void> {
    await this.#userJoins.consume(`${roomId} ${userId}`);
    await this.#addressJoins.consume(`${roomId} ${address}`);
  }

  /**
   * Checks, after a room was inserted, that its creator does not administer more rooms than allowed.
   * @throws {Problem} too_many_rooms
   */
  async requireFew(trx: Trx, user: User): Promise<void> {
    if (!this.settings.rateLimit) return;
    // Without this lock, concurrent transactions would not count each other's rooms.
    await lockUser(trx, user.id);
    if ((await this.reader.administeredCount(trx, user.id)) <= maxAdministered) return;
    throw new Problem(
      'too_many_rooms',
      `A user administers at most ${maxAdministered} rooms: delete one, or leave one.`,
    );
  }
}
