import { Controller, Get, Param } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../auth/caller.js';
import { DeliveryReport, RoomStatistics, ServerStatistics, shape, type User } from '../contract/index.js';
import { Answers, participantsOnly, Refuses } from '../errors/documented.js';
import { IdPipe } from '../errors/id.pipe.js';
import { ExpensiveRead } from '../limits/expensive-read.decorator.js';
import { StatisticsService } from './statistics.service.js';

/** Routes of statistics and delivery reports. */
@ApiTags('statistics')
@ApiBearerAuth()
@Controller()
export class StatisticsController {
  constructor(private readonly statistics: StatisticsService) {}

  @ApiOperation({
    summary: 'Read the delivery statistics of the server',
    description: 'For every signed-in user; names no room.',
  })
  @Answers(200, ServerStatistics)
  @Refuses('unauthorized')
  @ExpensiveRead(20)
  @Get('statistics')
  server() {
    return this.statistics.server();
  }

  @ApiOperation({
    summary: 'Read the delivery statistics of a room',
    description: 'Participants only.',
  })
  @Answers(200, RoomStatistics)
  @Refuses(...participantsOnly)
  @ExpensiveRead(20)
  @Get('rooms/:id/statistics')
  room(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return this.statistics.room(user, id);
  }

  @ApiOperation({
    summary: 'Read the delivery report of an event',
    description:
      'By user: who was expected to confirm the event, and the outcome. Current while confirmations are pending; kept as long as the event is in the log. Participants only.',
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
