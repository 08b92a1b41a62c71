import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../auth/caller.js';
import { ClientAddress } from '../auth/client-address.js';
import { rest, type User } from '../contract/index.js';
import { administratorsOnly, Answers, participantsOnly, Refuses } from '../errors/documented.js';
import { IdPipe } from '../errors/id.pipe.js';
import { IdempotentCommands } from '../idempotency/idempotency.interceptor.js';
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

/** Routes of rooms and their participants, under `/api/rooms`. */
@ApiTags('rooms')
@ApiBearerAuth()
@IdempotentCommands()
@Controller('rooms')
export class RoomsController {
  constructor(
    private readonly rooms: RoomsService,
    private readonly participants: ParticipantsService,
  ) {}

  @ApiOperation({
    summary: 'Create a room',
    description: 'The creator is its administrator and first participant.',
  })
  @Answers(201, rest.RoomCommandAnswer, 'Created.')
  @Refuses('malformed', 'unauthorized', 'too_many_rooms', 'invalid_field', 'rate_limited')
  @Post()
  create(@CurrentUser() user: User, @Body() input: CreateRoomDto, @ClientAddress() address: string) {
    return this.rooms.create(user, input, address);
  }

  @ApiOperation({
    summary: 'List the public rooms and those that the caller is in',
    description: 'Newest first, in pages.',
  })
  @Answers(200, rest.RoomList)
  @Refuses('unauthorized', 'invalid_field')
  @ExpensiveRead(10)
  @Get()
  list(@CurrentUser() user: User, @Query() { limit, after }: ListRoomsDto) {
    return this.rooms.list(user, limit, after?.toLowerCase());
  }

  @ApiOperation({
    summary: 'Change name, visibility or settings of a room',
    description: 'Administrator only.',
  })
  @Answers(200, rest.RoomCommandAnswer)
  @Refuses(...administratorsOnly, 'invalid_field', 'rate_limited')
  @Patch(':id')
  update(
    @CurrentUser() user: User,
    @Param('id', IdPipe) id: string,
    @Body() input: UpdateRoomDto,
    @ClientAddress() address: string,
  ) {
    return this.rooms.update(user, id, input, address);
  }

  @ApiOperation({
    summary: 'Delete a room with its tracks and its log',
    description: 'Administrator only.',
  })
  @Answers(200, rest.RoomCommandAnswer)
  @Refuses(...administratorsOnly)
  @Delete(':id')
  delete(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return this.rooms.delete(user, id);
  }

  @ApiOperation({
    summary: 'Join a room',
    description:
      'Joining again changes nothing. Without an active invite, a private room is answered with `room_not_found`; a public room ignores invites.',
  })
  @Answers(200, rest.RoomCommandAnswer)
  @Refuses('malformed', 'unauthorized', 'banned', 'room_not_found', 'invalid_field', 'rate_limited')
  @HttpCode(200)
  @Post(':id/join')
  join(
    @CurrentUser() user: User,
    @Param('id', IdPipe) id: string,
    @Body() { invite }: JoinRoomDto,
    @ClientAddress() address: string,
  ) {
    return this.participants.join(user, id, invite, address);
  }

  @ApiOperation({
    summary: 'Leave a room',
    description: 'If the administrator leaves, the participant who joined first becomes the administrator.',
  })
  @Answers(200, rest.LeftAnswer)
  @Refuses(...participantsOnly)
  @Delete(':id/leave')
  leave(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return this.participants.leave(user, id);
  }

  @ApiOperation({
    summary: 'Remove a participant, or ban a user',
    description: 'Administrator only. A ban also applies to a user who has already left.',
  })
  @Answers(200, rest.RemovedAnswer)
  @Refuses(...administratorsOnly, 'user_not_found', 'cannot_remove_self', 'invalid_field')
  @Delete(':id/participants/:user_id')
  remove(
    @CurrentUser() user: User,
    @Param('id', IdPipe) id: string,
    @Param('user_id', IdPipe) userId: string,
    @Query() { ban }: RemoveParticipantDto,
  ) {
    return this.participants.remove(user, id, userId, ban === 'true');
  }

  @ApiOperation({ summary: 'Lift a ban', description: 'Administrator only.' })
  @Answers(200, rest.UserAnswer)
  @Refuses(...administratorsOnly, 'user_not_found')
  @Delete(':id/bans/:user_id')
  unban(
    @CurrentUser() user: User,
    @Param('id', IdPipe) id: string,
    @Param('user_id', IdPipe) userId: string,
  ) {
    return this.participants.unban(user, id, userId);
  }
}
