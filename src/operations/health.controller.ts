import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Type } from 'typebox';
import { Public } from '../auth/caller.js';
import { LimitRate } from '../auth/rate-limit.decorator.js';
import { shape } from '../contract/index.js';
import { Answers, Refuses } from '../errors/documented.js';
import { HealthService } from './health.service.js';

const Health = shape({ status: Type.Literal('ok'), checks: Type.Record(Type.String(), Type.Literal('ok')) });

@ApiTags('operations')
@LimitRate('none')
@Public()
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @ApiOperation({ summary: 'Whether the process answers' })
  @Answers(200, Health)
  @Get('live')
  live() {
    return { status: 'ok', checks: {} };
  }

  @ApiOperation({ summary: 'Whether the server can work', description: 'Really asks the database.' })
  @Answers(200, Health)
  @Refuses('unavailable', 'draining')
  @Get('ready')
  ready() {
    return this.health.ready();
  }
}
