import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Problem } from '../errors/problem.js';
import { EventLog } from '../events/event-log.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { RoomStreams } from './room-streams.js';

const checkIntervalMs = 1000;

/**
 * Compares every second what the streams of this node have emitted with the newest sequences in the log. Finds events
 * that the bus lost when no later event shows the gap, and rooms that were deleted elsewhere.
 */
@Injectable()
export class MissedEventCheck {
  /** Rooms that the last check did not find in the database. */
  #missingRooms: ReadonlySet<string> = new Set();

  constructor(
    private readonly streams: RoomStreams,
    private readonly eventLog: EventLog,
    lifecycle: Lifecycle,
    @InjectPinoLogger(MissedEventCheck.name) private readonly log: PinoLogger,
  ) {
    lifecycle.repeat('the check for missed events', checkIntervalMs, () => this.check());
  }

  async check(): Promise<void> {
    const roomIds = [...this.streams.rooms];
    if (roomIds.length === 0) return;
    try {
      const heads = await this.eventLog.heads(roomIds);
      for (const [roomId, head] of heads) await this.streams.get(roomId)?.catchUpTo(head);
      this.#closeDeleted(roomIds.filter((roomId) => !heads.has(roomId)));
    } catch (err) {
      this.log.warn({ err }, 'the newest sequences could not be read; trying again');
    }
  }

  /** Only at the second check in a row: `room_deleted` may still be in transit. */
  #closeDeleted(missing: string[]): void {
    const problem = new Problem('room_not_found', 'The room was deleted.');
    for (const roomId of missing) {
      if (this.#missingRooms.has(roomId)) this.streams.get(roomId)?.closeWith(problem);
    }
    this.#missingRooms = new Set(missing);
  }
}
