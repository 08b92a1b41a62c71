import { Injectable } from '@nestjs/common';
import { OperatorUsers } from '../auth/operator-users.js';
import { NodeId } from '../cluster/node-id.js';
import { Clock } from '../config/clock.js';
import { version } from '../config/version.js';
import type { AdminOverview } from '../contract/index.js';
import { RoomStreams } from '../delivery/room-streams.js';
import type { Histogram } from '../metrics/histogram.js';
import { Statistics, summarize } from '../metrics/statistics.js';
import { OperatorRooms } from '../rooms/operator-rooms.js';
import { StorageUses } from '../tracks/storage/storage-use.js';
import { EventRates } from './event-rates.js';
import { LoopDelay } from './loop-delay.js';

/** Puts the overview together from the counters of this node and the totals of the features. */
@Injectable()
export class OverviewService {
  constructor(
    private readonly statistics: Statistics,
    private readonly streams: RoomStreams,
    private readonly rooms: OperatorRooms,
    private readonly users: OperatorUsers,
    private readonly storage: StorageUses,
    private readonly rates: EventRates,
    private readonly loopDelay: LoopDelay,
    private readonly node: NodeId,
    private readonly clock: Clock,
  ) {}

  async read(): Promise<AdminOverview> {
    const now = this.clock.now();
    const { connections, pendingConfirmations } = this.streams.size;
    const { all } = summarize(this.statistics.total.byType);
    const { commitToWrite, writeToConfirmation } = this.statistics.recent();
    const { rss, heapUsed, external } = process.memoryUsage();
    const { tracks, bytes, max_bytes } = await this.storage.server();
    return {
      server_time: now,
      started_at: now - process.uptime(),
      uptime: process.uptime(),
      version,
      node_id: this.node.value,
      nodejs: process.versions.node,
      rooms: await this.rooms.count(),
      users: await this.users.count(),
      connections,
      events_per_second: this.rates.read(),
      latencies: {
        commit_to_write: latencyView(commitToWrite),
        write_to_confirmation: latencyView(writeToConfirmation),
      },
      confirmations: {
        pending: pendingConfirmations,
        confirmed: all.confirmed,
        retries: all.retries,
        dead_letters: all.dead_letters,
      },
      memory: { rss_bytes: rss, heap_used_bytes: heapUsed, external_bytes: external },
      loop_delay: this.loopDelay.read(),
      storage: { tracks, bytes, max_bytes },
    };
  }
}

const latencyView = (histogram: Histogram): AdminOverview['latencies']['commit_to_write'] => ({
  count: histogram.count,
  p50: histogram.quantile(0.5),
  p95: histogram.quantile(0.95),
  p99: histogram.quantile(0.99),
});
