import { Injectable } from '@nestjs/common';
import { Clock } from '../config/clock.js';
import type { DeliveryReport, RoomStatistics, ServerStatistics, User } from '../contract/index.js';
import { Database } from '../database/database.js';
import { DeliveryReportsService } from '../delivery/reports/delivery-reports.service.js';
import { figuresView, periodView } from './statistics-view.js';
import { Statistics } from './statistics.js';
import { RoomFeedsService } from '../delivery/room-streams.js';
import { RoomStateService } from '../room-state/room-state.service.js';

/** Puts the counters of this node, the rooms’ figures and the delivery reports together as they are shown. */
@Injectable()
export class StatisticsService {
  readonly #since: number;

  constructor(
    private readonly statistics: Statistics,
    private readonly reports: DeliveryReportsService,
    private readonly feeds: RoomFeedsService,
    private readonly rooms: RoomStateService,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {
    this.#since = clock.now();
  }

  server(): ServerStatistics {
    const { rooms, connections, outstanding } = this.feeds.size;
    return {
      server_time: this.clock.now(),
      since: this.#since,
      now: { rooms, connections, pending_confirmations: outstanding },
      total: periodView(this.statistics.total),
      last_hour: periodView(this.statistics.recent()),
    };
  }

  /** @throws {Problem} room_not_found, not_a_participant */
  async room(user: User, roomId: string): Promise<RoomStatistics> {
    const figures = await this.rooms.figures(user, roomId);
    const { connections, outstanding } = this.feeds.sizeOf(roomId);
    return {
      server_time: this.clock.now(),
      ...figures,
      connections,
      pending_confirmations: outstanding,
      deliveries: figuresView(this.statistics.room(roomId)),
    };
  }

  /** @throws {Problem} room_not_found, not_a_participant, event_not_found */
  delivery(user: User, roomId: string, eventId: string): Promise<DeliveryReport> {
    const id = eventId.toLowerCase();
    const unwritten = this.reports.unwritten(roomId, id);
    return this.database.snapshot(async (trx) => {
      await this.rooms.requireParticipant(trx, user, roomId);
      return this.reports.report(trx, roomId, id, unwritten);
    });
  }
}
