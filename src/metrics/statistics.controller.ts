import { Controller, Get, Param } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../auth/caller.js';
import { DeliveryReport, RoomStatistics, ServerStatistics, shape, type User } from '../contract/index.js';
import { Answers, participantsOnly, Refuses } from '../errors/documented.js';
import { IdPipe } from '../errors/id.pipe.js';
import { ExpensiveRead } from '../limits/expensive-read.decorator.js';
import { StatisticsService } from './statistics.service.js';

/** The routes that show delivery: of the server, of a room, and of one event listener by listener. */
@ApiTags('statistics')
@ApiBearerAuth()
@Controller()
export class StatisticsController {
  constructor(private readonly statistics: StatisticsService) {}

  @ApiOperation({
    summary: 'How delivery goes on this server',
    description: 'For anyone signed in; names no room.',
  })
  @Answers(200, ServerStatistics)
  @Refuses('unauthorized')
  @ExpensiveRead(20)
  @Get('statistics')
  server() {
    return this.statistics.server();
  }

  @ApiOperation({ summary: 'How delivery goes in a room', description: 'For its participants.' })
  @Answers(200, RoomStatistics)
  @Refuses(...participantsOnly)
  @ExpensiveRead(20)
  @Get('rooms/:id/statistics')
  room(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return this.statistics.room(user, id);
  }

  @ApiOperation({
    summary: 'What became of an event, listener by listener',
    description:
      'Live while it is on its way; kept for as long as the event is in the log. For participants.',
  })
  @Answers(200, shape({ delivery: DeliveryReport }))
  @Refuses(...participantsOnly, 'event_not_found')
  @ExpensiveRead(20)
  @Get('rooms/:id/events/:event_id/delivery')
  async delivery(
    @CurrentUser() user: User,
    @Param('id', IdPipe) id: string,
    @Param('event_id', IdPipe) eventId: string,
  ) {
    return { delivery: await this.statistics.delivery(user, id, eventId) };
  }
}
