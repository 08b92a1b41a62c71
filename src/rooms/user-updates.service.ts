import { Injectable, type OnModuleInit } from '@nestjs/common';
import { UserChanges, type UserObserver } from '../auth/user-changes.js';
import type { User } from '../contract/index.js';
import type { Database, Trx } from '../database/database.js';
import type { RoomChange } from '../events/room-change.js';
import { roomView } from './rooms.reader.js';

/** Raises `user_updated` in each room of a user whose name changes, or who registers. */
@Injectable()
export class UserUpdatesService implements OnModuleInit, UserObserver {
  constructor(private readonly users: UserChanges) {}

  onModuleInit(): void {
    this.users.observe(this);
  }

  async roomsOf(db: Trx | Database['db'], userId: string): Promise<string[]> {
    const rows = await db
      .selectFrom('participants')
      .select('room_id')
      .where('user_id', '=', userId)
      .execute();
    return rows.map(({ room_id }) => room_id);
  }

  updated(change: RoomChange, user: User, previous_username: string): Promise<void> {
    change.userActivity('user_updated', { user, previous_username });
    // The room shows its administrator, to the lobby too.
    if (change.room.administrator_id === user.id) change.roomState(roomView(change.room, user));
    return Promise.resolve();
  }
}
