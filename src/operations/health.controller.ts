import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Type } from 'typebox';
import { Public } from '../auth/caller.js';
import { WithoutRateLimit } from './without-rate-limit.decorator.js';
import { shape } from '../contract/index.js';
import { Answers, Refuses } from '../errors/documented.js';
import { HealthService } from './health.service.js';

const Alive = shape({ status: Type.Literal('ok'), checks: Type.Record(Type.String(), Type.Literal('ok')) });
const Ready = shape({
  status: Type.Union([Type.Literal('ok'), Type.Literal('degraded')], {
    description: '`degraded`: works, but refuses some things',
  }),
  checks: Type.Record(Type.String(), Type.String(), { description: '`ok`, or what is wrong' }),
});

/** `GET /health/live` and `/health/ready`, for load balancers and process supervisors. */
@ApiTags('operations')
@WithoutRateLimit()
@Public()
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @ApiOperation({ summary: 'Whether the process answers' })
  @Answers(200, Alive)
  @Get('live')
  live() {
    return { status: 'ok', checks: {} };
  }

  @ApiOperation({
    summary: 'Whether the server can work',
    description: 'Writes to the database and to the data folder.',
  })
  @Answers(200, Ready)
  @Refuses('unavailable', 'draining')
  @Get('ready')
  ready() {
    return this.health.ready();
  }
}
