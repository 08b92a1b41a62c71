import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeEndpoint } from '@nestjs/swagger';
import { Public } from '../auth/caller.js';
import { WithoutRateLimit } from '../operations/without-rate-limit.decorator.js';
import { MetricsService } from './metrics.service.js';

/** `GET /metrics`, for Prometheus: open to anyone who reaches it, and not counted by the rate limit. */
@WithoutRateLimit()
@Public()
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: MetricsService) {}

  /** Prometheus text; no label names a room or a person. */
  @ApiExcludeEndpoint()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  @Header('Cache-Control', 'no-store')
  @Get()
  read() {
    return this.metrics.read();
  }
}
