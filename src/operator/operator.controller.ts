import { Controller, Delete, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../auth/caller.js';
import { OperatorUsers } from '../auth/operator-users.js';
import { type ErrorCode, rest } from '../contract/index.js';
import { Answers, Refuses } from '../errors/documented.js';
import { IdPipe } from '../errors/id.pipe.js';
import { RequestCost } from '../limits/request-cost.decorator.js';
import { OperatorRooms } from '../rooms/operator-rooms.js';
import { ListAllRoomsDto, ListUsersDto } from './operator.dto.js';
import { OperatorGuard } from './operator.guard.js';
import { OverviewService } from './overview.service.js';
import { RoomOverviews } from './room-overviews.js';

const defaultPageSize = 50;
/** `not_found` for all routes of a server without `ADMIN_TOKEN`. */
const operatorsOnly: ErrorCode[] = ['unauthorized', 'not_found'];

/** Routes of the server's operator, under `/api/admin`. Users' tokens are not valid for them. */
@ApiTags('admin')
@ApiBearerAuth()
@Public()
@UseGuards(OperatorGuard)
@Controller('admin')
export class OperatorController {
  constructor(
    private readonly overview: OverviewService,
    private readonly roomOverviews: RoomOverviews,
    private readonly rooms: OperatorRooms,
    private readonly users: OperatorUsers,
  ) {}

  @ApiOperation({ summary: 'Read the state of the server' })
  @Answers(200, rest.AdminOverview)
  @Refuses(...operatorsOnly)
  @RequestCost(20)
  @Get('overview')
  readOverview() {
    return this.overview.read();
  }

  @ApiOperation({ summary: 'List all rooms', description: 'Newest first, in pages; private rooms too.' })
  @Answers(200, rest.AdminRoomList)
  @Refuses(...operatorsOnly, 'invalid_field')
  @RequestCost(20)
  @Get('rooms')
  listRooms(@Query() { after, limit = defaultPageSize }: ListAllRoomsDto) {
    return this.roomOverviews.list(limit, after);
  }

  @ApiOperation({
    summary: 'Delete a room',
    description: 'As its administrator would: the room gets `room_deleted`, and its tracks are deleted.',
  })
  @Answers(200, rest.RoomCommandAnswer)
  @Refuses(...operatorsOnly, 'malformed', 'room_not_found')
  @Delete('rooms/:id')
  deleteRoom(@Param('id', IdPipe) id: string) {
    return this.rooms.end(id);
  }

  @ApiOperation({ summary: 'List all users', description: 'Newest first, in pages.' })
  @Answers(200, rest.AdminUserList)
  @Refuses(...operatorsOnly, 'invalid_field')
  @RequestCost(20)
  @Get('users')
  listUsers(@Query() { q, after, limit = defaultPageSize }: ListUsersDto) {
    return this.users.list({ q, after, limit });
  }

  @ApiOperation({
    summary: 'Ban a user from the server',
    description:
      'Revokes all sessions of the user and closes their sockets; signing in is refused with `banned`. The user stays a participant of rooms.',
  })
  @Answers(200, rest.AdminUserAnswer)
  @Refuses(...operatorsOnly, 'malformed', 'user_not_found')
  @HttpCode(200)
  @Post('users/:id/ban')
  async banUser(@Param('id', IdPipe) id: string) {
    return { user: await this.users.ban(id) };
  }

  @ApiOperation({ summary: 'Lift the ban of a user' })
  @Answers(200, rest.AdminUserAnswer)
  @Refuses(...operatorsOnly, 'malformed', 'user_not_found')
  @Delete('users/:id/ban')
  async unbanUser(@Param('id', IdPipe) id: string) {
    return { user: await this.users.unban(id) };
  }

  @ApiOperation({
    summary: 'Stop the server',
    description: 'As SIGTERM does: requests in progress are answered, clients are told to reconnect.',
  })
  @Answers(202, rest.Done, 'Stopping.')
  @Refuses(...operatorsOnly)
  @HttpCode(202)
  @Post('drain')
  drain() {
    // The stop waits for requests in progress, this one too.
    process.kill(process.pid, 'SIGTERM');
    return { ok: true };
  }
}
