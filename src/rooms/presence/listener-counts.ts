import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { SyncReport } from '../../contract/index.js';
import { asProblem } from '../../errors/as-problem.js';
import { EventBroadcasterService } from '../../events/event-broadcaster.service.js';
import { ListenerReports } from './listener-reports.js';
import { onlineCount } from './presence-writer.js';

/** Minimum interval between two `listeners_updated` events of a room, and between two counts of its listeners. */
const intervalMs = 1000;

interface Announcements {
  /** The listening count that was announced last. */
  announced: number;
  /** Set for `intervalMs` after each count. */
  timer: NodeJS.Timeout | undefined;
  /** What to do when the timer fires: announce in any case, only if the count has changed, or nothing. */
  due: 'always' | 'if_changed' | undefined;
}

/**
 * Raises `listeners_updated` when the number of users of a room who hear the music changes, as the clients' reports say
 * (`sync_report`). Counts the connections of this node only, at most once per `intervalMs` and room, however often
 * clients change their reports.
 */
@Injectable()
export class ListenerCounts {
  /** The rooms whose last announced count is not 0, or whose listeners were counted within `intervalMs`. */
  readonly #rooms = new Map<string, Announcements>();

  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly reports: ListenerReports,
    @InjectPinoLogger(ListenerCounts.name) private readonly log: PinoLogger,
  ) {}

  /** Stores a connection's report. */
  report(roomId: string, userId: string, connectionId: string, report: SyncReport): void {
    if (this.reports.set(roomId, userId, connectionId, report)) this.#request(roomId, 'if_changed');
  }

  /** Removes the report of a connection that has closed. */
  remove(roomId: string, connectionId: string): void {
    if (this.reports.remove(roomId, connectionId)) this.#request(roomId, 'if_changed');
  }

  /** Raises `listeners_updated` now, or once `intervalMs` has passed since the last one. */
  announce(roomId: string): void {
    this.#request(roomId, 'always');
  }

  #request(roomId: string, due: 'always' | 'if_changed'): void {
    const room = this.#rooms.get(roomId) ?? { announced: 0, timer: undefined, due: undefined };
    this.#rooms.set(roomId, room);
    if (room.due !== 'always') room.due = due;
    if (!room.timer) this.#count(roomId, room);
  }

  #count(roomId: string, room: Announcements): void {
    const { due } = room;
    room.due = undefined;
    room.timer = setTimeout(() => {
      room.timer = undefined;
      if (room.due) this.#count(roomId, room);
      else if (room.announced === 0) this.#rooms.delete(roomId);
    }, intervalMs).unref();
    const count = this.reports.listeningCount(roomId);
    if (due === 'if_changed' && count === room.announced) return;
    room.announced = count;
    this.#raise(roomId, count);
  }

  #raise(roomId: string, listening_count: number): void {
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
}
