import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuthModule } from '../auth/auth.module.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { RoomsModule } from '../rooms/rooms.module.js';
import { RoomStateModule } from '../room-state/room-state.module.js';
import { TracksModule } from '../tracks/tracks.module.js';
import { MemoryReclaimer } from './memory-reclaimer.js';
import { jsonOnly } from './json-only.js';
import { Pipelines } from './limits/pipelines.js';
import { RequestBodies } from './limits/request-bodies.js';
import { RequestGate } from './limits/request-gate.js';
import { StalledConnections } from './limits/stalled-connections.js';
import { ListenersController } from '../metrics/listeners.controller.js';
import { ListenersService } from '../metrics/listeners.service.js';
import { MetricsController } from '../metrics/metrics.controller.js';
import { MetricsService } from '../metrics/metrics.service.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { RequestsInFlight } from './requests-in-flight.js';
import { StatisticsController } from '../metrics/statistics.controller.js';
import { StatisticsService } from '../metrics/statistics.service.js';
import { TimeController } from './time.controller.js';

/** Health, metrics, statistics, the API documents, and limits on requests and connections. */
@Module({
  imports: [AuthModule, RoomsModule, RoomStateModule, TracksModule],
  controllers: [
    HealthController,
    TimeController,
    StatisticsController,
    ListenersController,
    MetricsController,
  ],
  providers: [
    HealthService,
    StatisticsService,
    ListenersService,
    MetricsService,
    RequestsInFlight,
    MemoryReclaimer,
    Pipelines,
    RequestBodies,
    RequestGate,
    StalledConnections,
    { provide: APP_GUARD, useClass: RateLimitGuard },
  ],
})
export class OperationsModule implements NestModule {
  constructor(private readonly requests: RequestsInFlight) {}

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(this.requests.count, jsonOnly).forRoutes('{*path}');
  }
}
