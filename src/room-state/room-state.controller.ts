import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../auth/caller.js';
import { Clock } from '../config/clock.js';
import { rest, type User } from '../contract/index.js';
import { Answers, participantsOnly, Refuses } from '../errors/documented.js';
import { IdPipe } from '../errors/id.pipe.js';
import { seal } from '../events/envelope.js';
import { ExpensiveRead } from '../limits/expensive-read.decorator.js';
import { ReadLogDto } from './room-state.dto.js';
import { RoomStateService } from './room-state.service.js';

/** A room's whole state and its log, for participants. */
@ApiTags('rooms')
@ApiBearerAuth()
@Controller('rooms/:id')
export class RoomStateController {
  constructor(
    private readonly state: RoomStateService,
    private readonly clock: Clock,
  ) {}

  @ApiOperation({
    summary: 'Everything about a room',
    description: 'As of `sequence`. For its participants.',
  })
  @Answers(200, rest.RoomStateAnswer)
  @Refuses(...participantsOnly)
  @ExpensiveRead(30)
  @Get()
  read(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return this.state.read(user, id);
  }

  @ApiOperation({ summary: "The room's log", description: 'In pages. For its participants.' })
  @Answers(200, rest.EventsPage)
  @Refuses(...participantsOnly, 'history_gone', 'invalid_field')
  @ExpensiveRead(30)
  @Get('events')
  async events(
    @CurrentUser() user: User,
    @Param('id', IdPipe) id: string,
    @Query() { after, limit = 100 }: ReadLogDto,
  ) {
    const page = await this.state.log(user, id, after, limit);
    const now = this.clock.now();
    return { ...page, events: page.events.map((event) => seal(event, now)) };
  }
}
