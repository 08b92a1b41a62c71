import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { TimeController } from './time.controller.js';

@Module({
  controllers: [HealthController, TimeController],
  providers: [HealthService, { provide: APP_GUARD, useClass: RateLimitGuard }],
})
export class OperationsModule {}
