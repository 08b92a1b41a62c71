import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Clock } from '../../config/clock.js';
import { asProblem } from '../../errors/as-problem.js';
import { EventBroadcasterService } from '../../events/event-broadcaster.service.js';
import { onlineCount } from './presence-writer.js';

/** Minimum interval between two `listeners_updated` events of a room. */
const announceEveryMs = 1000;
/** A connection whose last report is older does not count as listening. */
const reportValidSeconds = 60;

interface Report {
  userId: string;
  listening: boolean;
  at: number;
}

interface Room {
  /** By connection id. */
  reports: Map<string, Report>;
  /** The listening count that was announced last. */
  announced: number;
  /** Set for `announceEveryMs` after each announcement. */
  timer: NodeJS.Timeout | undefined;
  /** Whether to announce again when the timer fires. */
  due: boolean;
}

/**
 * Counts the users of each room who hear the music, from the reports of their clients (`sync_report`), and raises
 * `listeners_updated` when the count changes. Counts the connections of this node only.
 */
@Injectable()
export class ListenerCounts {
  readonly #rooms = new Map<string, Room>();

  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly clock: Clock,
    @InjectPinoLogger(ListenerCounts.name) private readonly log: PinoLogger,
  ) {}

  /** Records a report of a connection: whether its user hears the music. */
  report(roomId: string, userId: string, connectionId: string, listening: boolean): void {
    const room = this.#roomOf(roomId);
    const before = room.reports.get(connectionId)?.listening ?? false;
    room.reports.set(connectionId, { userId, listening, at: this.clock.now() });
    if (listening !== before && this.#count(room) !== room.announced) this.announce(roomId);
  }

  remove(roomId: string, connectionId: string): void {
    const room = this.#rooms.get(roomId);
    if (!room?.reports.delete(connectionId)) return;
    if (this.#count(room) !== room.announced) this.announce(roomId);
    else this.#forgetIfEmpty(roomId, room);
  }

  /** Raises `listeners_updated` now, or once `announceEveryMs` has passed since the last one. */
  announce(roomId: string): void {
    const room = this.#roomOf(roomId);
    room.due = true;
    if (!room.timer) this.#announceNow(roomId, room);
  }

  #announceNow(roomId: string, room: Room): void {
    room.due = false;
    room.timer = setTimeout(() => {
      room.timer = undefined;
      if (room.due) this.#announceNow(roomId, room);
      else this.#forgetIfEmpty(roomId, room);
    }, announceEveryMs).unref();
    room.announced = this.#count(room);
    const listening_count = room.announced;
    this.broadcaster
      .roomChange(
        roomId,
        async (change) => {
          const online_count = await onlineCount(change.trx, roomId);
          change.userActivity('listeners_updated', { online_count, listening_count });
        },
        'low',
      )
      .catch((err: unknown) => {
        if (asProblem(err).code === 'room_not_found') return;
        this.log.warn({ err, room_id: roomId }, 'listeners_updated could not be sent');
      });
  }

  #count({ reports }: Room): number {
    const validSince = this.clock.now() - reportValidSeconds;
    const users = new Set<string>();
    for (const { userId, listening, at } of reports.values()) {
      if (listening && at >= validSince) users.add(userId);
    }
    return users.size;
  }

  #roomOf(roomId: string): Room {
    let room = this.#rooms.get(roomId);
    if (!room) {
      room = { reports: new Map(), announced: 0, timer: undefined, due: false };
      this.#rooms.set(roomId, room);
    }
    return room;
  }

  #forgetIfEmpty(roomId: string, room: Room): void {
    if (room.reports.size === 0 && !room.timer) this.#rooms.delete(roomId);
  }
}
