import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../auth/caller.js';
import { ListenerList, type User } from '../contract/index.js';
import { Answers, participantsOnly, Refuses } from '../errors/documented.js';
import { IdPipe } from '../errors/id.pipe.js';
import { ExpensiveRead } from '../limits/expensive-read.decorator.js';
import { ListListenersDto } from './listeners.dto.js';
import { ListenersService } from './listeners.service.js';

/** The route of a room's listeners. */
@ApiTags('statistics')
@ApiBearerAuth()
@Controller('rooms/:id/listeners')
export class ListenersController {
  constructor(private readonly listeners: ListenersService) {}

  @ApiOperation({
    summary: 'List the listeners of a room',
    description:
      'In pages: each user who is online, and for each of their connections what the client reported last about its playback, what it confirmed last, and retries. Participants only.',
  })
  @Answers(200, ListenerList)
  @Refuses(...participantsOnly, 'invalid_field')
  @ExpensiveRead(20)
  @Get()
  list(@CurrentUser() user: User, @Param('id', IdPipe) id: string, @Query() query: ListListenersDto) {
    return this.listeners.list(user, id, query.after?.toLowerCase(), query.limit);
  }
}
