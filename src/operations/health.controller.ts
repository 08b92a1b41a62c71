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
    description: '`degraded`: the server works, but refuses some operations',
  }),
  checks: Type.Record(Type.String(), Type.String(), {
    description: 'By name of the check: `ok`, or what is wrong',
  }),
});

/** Health checks for supervisors and load balancers, under `/health`. */
@ApiTags('operations')
@WithoutRateLimit()
@Public()
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @ApiOperation({ summary: 'Check that the process answers' })
  @Answers(200, Alive)
  @Get('live')
  live() {
    return { status: 'ok', checks: {} };
  }

  @ApiOperation({
    summary: 'Check that the server can serve requests',
    description: 'Writes to the database and to the data folder to find out.',
  })
  @Answers(200, Ready)
  @Refuses('unavailable', 'draining')
  @Get('ready')
  ready() {
    return this.health.ready();
  }
}
