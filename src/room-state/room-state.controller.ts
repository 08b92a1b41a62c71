import { Controller, Get, Header, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../auth/caller.js';
import { Clock } from '../config/clock.js';
import { rest, type User } from '../contract/index.js';
import { Answers, participantsOnly, Refuses } from '../errors/documented.js';
import { IdPipe } from '../errors/id.pipe.js';
import { ExpensiveRead } from '../limits/expensive-read.decorator.js';
import { ReadLogDto } from './room-state.dto.js';
import { RoomStateService } from './room-state.service.js';

/** Routes that read a room's state and its log. */
@ApiTags('rooms')
@ApiBearerAuth()
@Controller('rooms/:id')
export class RoomStateController {
  constructor(
    private readonly state: RoomStateService,
    private readonly clock: Clock,
  ) {}

  @ApiOperation({
    summary: "Read a room's complete state",
    description: 'As of `sequence`. Participants only.',
  })
  @Answers(200, rest.RoomStateAnswer)
  @Refuses(...participantsOnly)
  @ExpensiveRead(30)
  @Get()
  read(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return this.state.read(user, id);
  }

  @ApiOperation({ summary: "Read a room's log", description: 'In pages. Participants only.' })
  @Answers(200, rest.EventsPage)
  @Refuses(...participantsOnly, 'history_gone', 'invalid_field')
  @ExpensiveRead(30)
  @Header('Content-Type', 'application/json; charset=utf-8')
  @Get('events')
  async events(
    @CurrentUser() user: User,
    @Param('id', IdPipe) id: string,
    @Query() { after, limit = 100 }: ReadLogDto,
  ) {
    const { events, ...page } = await this.state.log(user, id, after, limit);
    const now = this.clock.now();
    // Joined from the JSON that the database holds: parsing and encoding it again would take longer than reading it.
    const [start, end] = JSON.stringify({ events: [], ...page }).split('[]');
    return `${start}[${events.map((event) => event.json(now)).join()}]${end}`;
  }
}
