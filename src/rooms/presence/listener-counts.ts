import { Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import type { SyncReport } from '../../contract/index.js';
import { asProblem } from '../../errors/as-problem.js';
import { EventBroadcasterService } from '../../events/event-broadcaster.service.js';
import { ListenerReports } from './listener-reports.js';
import { onlineCount } from './presence-writer.js';

/** Minimum interval between two `listeners_updated` events of a room. */
const announceEveryMs = 1000;

interface Announcements {
  /** The listening count that was announced last. */
  announced: number;
  /** Set for `announceEveryMs` after each announcement. */
  timer: NodeJS.Timeout | undefined;
  /** Whether to announce again when the timer fires. */
  due: boolean;
}

/**
 * Raises `listeners_updated` when the number of users of a room who hear the music changes, as the clients' reports say
 * (`sync_report`). Counts the connections of this node only.
 */
@Injectable()
export class ListenerCounts {
  /** The rooms whose last announced count is not 0, or that have announced within `announceEveryMs`. */
  readonly #rooms = new Map<string, Announcements>();

  constructor(
    private readonly broadcaster: EventBroadcasterService,
    private readonly reports: ListenerReports,
    @InjectPinoLogger(ListenerCounts.name) private readonly log: PinoLogger,
  ) {}

  /** Stores a connection's report. */
  report(roomId: string, userId: string, connectionId: string, report: SyncReport): void {
    if (this.reports.set(roomId, userId, connectionId, report)) this.#announceIfChanged(roomId);
  }

  /** Removes the report of a connection that has closed. */
  remove(roomId: string, connectionId: string): void {
    if (this.reports.remove(roomId, connectionId)) this.#announceIfChanged(roomId);
  }

  /** Raises `listeners_updated` now, or once `announceEveryMs` has passed since the last one. */
  announce(roomId: string): void {
    let room = this.#rooms.get(roomId);
    if (!room) this.#rooms.set(roomId, (room = { announced: 0, timer: undefined, due: false }));
    room.due = true;
    if (!room.timer) this.#announceNow(roomId, room);
  }

  #announceIfChanged(roomId: string): void {
    const announced = this.#rooms.get(roomId)?.announced ?? 0;
    if (this.reports.listeningCount(roomId) !== announced) this.announce(roomId);
  }

  #announceNow(roomId: string, room: Announcements): void {
    room.due = false;
    room.timer = setTimeout(() => {
      room.timer = undefined;
      if (room.due) this.#announceNow(roomId, room);
      else if (room.announced === 0) this.#rooms.delete(roomId);
    }, announceEveryMs).unref();
    room.announced = this.reports.listeningCount(roomId);
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
}
