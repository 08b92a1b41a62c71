import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { RequestsInFlight } from './requests-in-flight.js';
import { TimeController } from './time.controller.js';

@Module({
  controllers: [HealthController, TimeController],
  providers: [HealthService, RequestsInFlight, { provide: APP_GUARD, useClass: RateLimitGuard }],
})
export class OperationsModule implements NestModule {
  constructor(private readonly requests: RequestsInFlight) {}

  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(this.requests.count).forRoutes('{*path}');
  }
}
