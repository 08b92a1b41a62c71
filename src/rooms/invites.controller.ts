import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../auth/caller.js';
import { rest, type User } from '../contract/index.js';
import { administratorsOnly, Answers, Refuses } from '../errors/documented.js';
import { IdPipe } from '../errors/id.pipe.js';
import { IdempotentCommands } from '../idempotency/idempotency.interceptor.js';
import { CreateInviteDto } from './invites.dto.js';
import { InvitesService } from './invites.service.js';

/** Routes of invites, under `/api/rooms/{id}/invites`. */
@ApiTags('rooms')
@ApiBearerAuth()
@IdempotentCommands()
@Controller('rooms/:id/invites')
export class InvitesController {
  constructor(private readonly invites: InvitesService) {}

  @ApiOperation({
    summary: 'Create an invite',
    description:
      'Administrator only. Anyone who has the code can join with it until it expires, is used up or is revoked.',
  })
  @Answers(201, rest.InviteAnswer)
  @Refuses(...administratorsOnly, 'too_many_invites', 'invalid_field')
  @Post()
  create(@CurrentUser() user: User, @Param('id', IdPipe) id: string, @Body() options: CreateInviteDto) {
    return this.invites.create(user, id, options);
  }

  @ApiOperation({ summary: 'List the active invites', description: 'Administrator only. Newest first.' })
  @Answers(200, rest.InviteList)
  @Refuses(...administratorsOnly)
  @Get()
  async list(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return { invites: await this.invites.list(user, id) };
  }

  @ApiOperation({
    summary: 'Revoke an invite',
    description: 'Administrator only. Users who joined with it stay participants.',
  })
  @Answers(200, rest.InviteAnswer, 'Revoked.')
  @Refuses(...administratorsOnly, 'invite_not_found')
  @Delete(':invite')
  revoke(@CurrentUser() user: User, @Param('id', IdPipe) id: string, @Param('invite') invite: string) {
    return this.invites.revoke(user, id, invite);
  }
}
