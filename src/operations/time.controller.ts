import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../auth/caller.js';
import { Clock } from '../config/clock.js';
import { rest } from '../contract/index.js';
import { Answers } from '../errors/documented.js';

/** `GET /api/time`: the server's clock, for clients that are not connected to a room. */
@ApiTags('operations')
@Controller('time')
export class TimeController {
  constructor(private readonly clock: Clock) {}

  @ApiOperation({ summary: "The server's clock" })
  @Answers(200, rest.ServerTime)
  @Public()
  @Get()
  now() {
    return { server_time: this.clock.now() };
  }
}
