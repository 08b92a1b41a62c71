import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../auth/caller.js';
import { rest, type User } from '../contract/index.js';
import { administratorsOnly, Answers, participantsOnly, Refuses } from '../errors/documented.js';
import { IdPipe } from '../errors/id.pipe.js';
import { ExpensiveRead } from '../limits/expensive-read.decorator.js';
import { ParticipantsService } from './participants.service.js';
import {
  CreateRoomDto,
  JoinRoomDto,
  ListRoomsDto,
  RemoveParticipantDto,
  UpdateRoomDto,
} from './rooms.dto.js';
import { RoomsService } from './rooms.service.js';

/** The routes of rooms and of who is in them. */
@ApiTags('rooms')
@ApiBearerAuth()
@Controller('rooms')
export class RoomsController {
  constructor(
    private readonly rooms: RoomsService,
    private readonly participants: ParticipantsService,
  ) {}

  @ApiOperation({
    summary: 'Make a room',
    description: 'Its creator administers it and is its first participant.',
  })
  @Answers(201, rest.RoomAnswer, 'Made.')
  @Refuses('malformed', 'unauthorized', 'invalid_field', 'rate_limited')
  @Post()
  async create(@CurrentUser() user: User, @Body() input: CreateRoomDto) {
    return { room: await this.rooms.create(user, input) };
  }

  @ApiOperation({ summary: 'The public rooms and your own', description: 'Newest first, in pages.' })
  @Answers(200, rest.RoomList)
  @Refuses('unauthorized', 'invalid_field')
  @ExpensiveRead(10)
  @Get()
  list(@CurrentUser() user: User, @Query() { limit, after }: ListRoomsDto) {
    return this.rooms.list(user, limit, after?.toLowerCase());
  }

  @ApiOperation({ summary: 'Change name, visibility or settings', description: "The administrator's." })
  @Answers(200, rest.RoomAnswer)
  @Refuses(...administratorsOnly, 'invalid_field')
  @Patch(':id')
  async update(@CurrentUser() user: User, @Param('id', IdPipe) id: string, @Body() input: UpdateRoomDto) {
    return { room: await this.rooms.update(user, id, input) };
  }

  @ApiOperation({ summary: 'Delete the room and all that is in it', description: "The administrator's." })
  @Answers(200, rest.RoomAnswer)
  @Refuses(...administratorsOnly)
  @Delete(':id')
  async delete(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return { room: await this.rooms.delete(user, id) };
  }

  @ApiOperation({
    summary: 'Become a participant',
    description:
      'Joining twice changes nothing. Without a good invite a private room answers as if it did not exist; a public room ignores invites.',
  })
  @Answers(200, rest.RoomAnswer)
  @Refuses('malformed', 'unauthorized', 'banned', 'room_not_found', 'invalid_field')
  @HttpCode(200)
  @Post(':id/join')
  async join(@CurrentUser() user: User, @Param('id', IdPipe) id: string, @Body() { invite }: JoinRoomDto) {
    return { room: await this.participants.join(user, id, invite) };
  }

  @ApiOperation({
    summary: 'Leave',
    description: 'An administrator who leaves hands the room to the longest-standing participant.',
  })
  @Answers(200, rest.Done)
  @Refuses(...participantsOnly)
  @Delete(':id/leave')
  async leave(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    await this.participants.leave(user, id);
    return { ok: true };
  }

  @ApiOperation({
    summary: 'Remove a participant, or ban someone',
    description: "The administrator's. A ban holds for whoever has left already, too.",
  })
  @Answers(200, rest.UserAnswer)
  @Refuses(...administratorsOnly, 'user_not_found', 'cannot_remove_self', 'invalid_field')
  @Delete(':id/participants/:user_id')
  async remove(
    @CurrentUser() user: User,
    @Param('id', IdPipe) id: string,
    @Param('user_id', IdPipe) userId: string,
    @Query() { ban }: RemoveParticipantDto,
  ) {
    return { user: await this.participants.remove(user, id, userId, ban === 'true') };
  }

  @ApiOperation({ summary: 'Lift a ban', description: "The administrator's." })
  @Answers(200, rest.UserAnswer)
  @Refuses(...administratorsOnly, 'user_not_found')
  @Delete(':id/bans/:user_id')
  async unban(
    @CurrentUser() user: User,
    @Param('id', IdPipe) id: string,
    @Param('user_id', IdPipe) userId: string,
  ) {
    return { user: await this.participants.unban(user, id, userId) };
  }
}
