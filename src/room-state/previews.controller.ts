import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from '../auth/caller.js';
import { rest } from '../contract/index.js';
import { Answers, Refuses } from '../errors/documented.js';
import { IdPipe } from '../errors/id.pipe.js';
import { RequestCost } from '../limits/request-cost.decorator.js';
import { PreviewsService } from './previews.service.js';

/** Previews of rooms, for those who have not signed in. */
@ApiTags('rooms')
@Controller()
export class PreviewsController {
  constructor(private readonly previews: PreviewsService) {}

  @ApiOperation({ summary: 'Preview a public room', description: 'Without a token.' })
  @Answers(200, rest.PreviewAnswer)
  @Refuses('malformed', 'room_not_found')
  @Public()
  @RequestCost(10)
  @Get('rooms/:id/preview')
  room(@Param('id', IdPipe) id: string) {
    return this.previews.ofRoom(id);
  }

  @ApiOperation({
    summary: 'Preview the room that an invite admits to',
    description: 'Without a token. Does not count as a use of the invite.',
  })
  @Answers(200, rest.InvitePreviewAnswer)
  @Refuses('invite_not_found')
  @Public()
  @RequestCost(10)
  @Get('invites/:invite')
  invite(@Param('invite') invite: string) {
    return this.previews.ofInvite(invite);
  }
}
