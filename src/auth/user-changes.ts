import { Injectable } from '@nestjs/common';
import type { User } from '../contract/index.js';
import { Database, type Trx } from '../database/database.js';
import { Problem } from '../errors/problem.js';
import { EventBroadcasterService } from '../events/event-broadcaster.service.js';
import type { RoomChange } from '../events/room-change.js';

/** What rooms do about users who change; implemented by the rooms feature, which is above this one. */
export interface UserObserver {
  /** The ids of the rooms whose state shows the user. */
  roomsOf(db: Trx | Database['db'], userId: string): Promise<string[]>;
  /** Raises the events in one of these rooms. */
  updated(change: RoomChange, user: User, previousUsername: string): Promise<void>;
}

/** How often the user may join another room while the transaction waits for the locks of the known ones. */
const maxAttempts = 5;

/** Changes what rooms show of a user, in one transaction with the events in all of the user's rooms. */
@Injectable()
export class UserChanges {
  #observer: UserObserver | undefined;

  constructor(
    private readonly database: Database,
    private readonly broadcaster: EventBroadcasterService,
  ) {}

  /** To be called once, before the server listens. */
  observe(observer: UserObserver): void {
    this.#observer = observer;
  }

  /**
   * @param work writes the user's row, and returns the user as changed; it may be rolled back and run again
   * @throws {Problem} unavailable if the user joins rooms all the time; what `work` throws
   */
  async run<R extends { user: User }>(before: User, work: (trx: Trx) => Promise<R>): Promise<R> {
    const observer = this.#observer;
    if (!observer) return this.database.write(work);
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const roomIds = await observer.roomsOf(this.database.db, before.id);
      try {
        return await this.broadcaster.roomChanges(roomIds, async (trx, changes) => {
          const result = await work(trx);
          // From here on the user's row is locked, and joining a room waits for it.
          const current = await observer.roomsOf(trx, before.id);
          const byRoom = new Map(changes.map((change) => [change.room.id, change]));
          for (const roomId of current) {
            const change = byRoom.get(roomId);
            if (!change) throw new JoinedMeanwhile();
            await observer.updated(change, result.user, before.username);
          }
          return result;
        });
      } catch (error) {
        if (!(error instanceof JoinedMeanwhile)) throw error;
      }
    }
    throw new Problem('unavailable', 'The user joins rooms at the same time; try again.');
  }
}

/** The user has joined a room that the transaction has not locked. */
class JoinedMeanwhile extends Error {}
