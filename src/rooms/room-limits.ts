import { Inject, Injectable } from '@nestjs/common';
import { lockUser } from '../auth/users.js';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import type { User } from '../contract/index.js';
import type { Trx } from '../database/database.js';
import { Problem } from '../errors/problem.js';
import { CallerLimit } from '../limits/caller-limit.js';
import { RoomsReader } from './rooms.reader.js';

/** A user who has as many rooms cannot create another. */
export const maxAdministered = 50;
/** Created rooms. */
export const maxCreations = {
  user: [{ points: 50, durationSeconds: 3600 }],
  address: { points: 200, durationSeconds: 3600 },
} as const;
/** Changes of names, visibility or settings, in all rooms. */
export const maxUpdates = {
  user: [{ points: 60, durationSeconds: 600 }],
  address: { points: 600, durationSeconds: 600 },
} as const;
/** Joins of one room: 500 listeners behind one address may join at once. */
export const maxJoins = {
  user: [{ points: 30, durationSeconds: 600 }],
  address: { points: 600, durationSeconds: 600 },
} as const;

/**
 * Limits what any guest may do without being asked: create rooms, which tells the lobby, and join and leave rooms, which
 * fills their logs. By user, and by address because guests are free. One instance, owned by the rooms module; the counters
 * are in memory. Leaving is not limited: it needs a join before it.
 */
@Injectable()
export class RoomLimits {
  readonly #creations: CallerLimit;
  readonly #updates: CallerLimit;
  readonly #joins: CallerLimit;

  constructor(
    private readonly reader: RoomsReader,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {
    this.#creations = new CallerLimit(settings, 'new rooms', maxCreations);
    this.#updates = new CallerLimit(settings, 'changes of rooms', maxUpdates);
    this.#joins = new CallerLimit(settings, 'joins of this room', maxJoins);
  }

  /** Counts a new room. @throws {Problem} rate_limited */
  create(user: User, address: string): Promise<void> {
    return this.#creations.consume(user.id, address);
  }

  /** Counts a change of a room's settings. @throws {Problem} rate_limited */
  update(user: User, address: string): Promise<void> {
    return this.#updates.consume(user.id, address);
  }

  /** Counts a join that makes the user a participant. @throws {Problem} rate_limited */
  join(userId: string, address: string, roomId: string): Promise<void> {
    return this.#joins.consume(userId, address, roomId);
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
