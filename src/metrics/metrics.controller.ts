import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeEndpoint } from '@nestjs/swagger';
import { Public } from '../auth/caller.js';
import { WithoutRateLimit } from '../operations/without-rate-limit.decorator.js';
import { MetricsService } from './metrics.service.js';

/** `GET /metrics` for Prometheus. */
@WithoutRateLimit()
@Public()
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: MetricsService) {}

  /** Prometheus text format. No label contains a room or a user. */
  @ApiExcludeEndpoint()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  @Header('Cache-Control', 'no-store')
  @Get()
  read() {
    return this.metrics.read();
  }
}
