import { applyDecorators, Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../auth/caller.js';
import { type ErrorCode, rest, type User } from '../contract/index.js';
import { Answers, participantsOnly, Refuses } from '../errors/documented.js';
import { IdPipe } from '../errors/id.pipe.js';
import { SeekDto, StartDto } from './playback.dto.js';
import { PlaybackService } from './playback.service.js';

const Command = (path: string, summary: string, ...refusals: ErrorCode[]) =>
  applyDecorators(
    Post(path),
    HttpCode(200),
    ApiOperation({
      summary,
      description: "The administrator's, or everyone's where the room's settings say so.",
    }),
    Answers(200, rest.PlaybackAnswer, 'Done; the event that tells everyone.'),
    Refuses(
      'malformed',
      'unauthorized',
      'not_a_participant',
      'not_administrator',
      'room_not_found',
      ...refusals,
    ),
  );

/** The commands of a room's playback, and its state. */
@ApiTags('playback')
@ApiBearerAuth()
@Controller('rooms/:id/playback')
export class PlaybackController {
  constructor(private readonly playback: PlaybackService) {}

  @Command('start', 'Start a track', 'track_not_found', 'already_playing', 'nothing_to_play', 'invalid_field')
  start(@CurrentUser() user: User, @Param('id', IdPipe) id: string, @Body() { track_id }: StartDto) {
    return this.playback.start(user, id, track_id?.toLowerCase());
  }

  @Command('pause', 'Pause', 'not_playing')
  pause(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return this.playback.pause(user, id);
  }

  @Command('resume', 'Go on from where it was paused', 'not_paused')
  resume(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return this.playback.resume(user, id);
  }

  @Command('stop', 'Stop; the current track stays current, at its beginning', 'not_playing')
  stop(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return this.playback.stop(user, id);
  }

  @Command('seek', 'Go to a position', 'not_playing', 'invalid_field')
  seek(@CurrentUser() user: User, @Param('id', IdPipe) id: string, @Body() { position }: SeekDto) {
    return this.playback.seek(user, id, position);
  }

  @Command('skip', 'Go on to the next track, or to silence', 'not_playing')
  skip(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return this.playback.skip(user, id);
  }

  @ApiOperation({ summary: 'What the room hears' })
  @Answers(200, rest.PlaybackStatusAnswer)
  @Refuses(...participantsOnly)
  @Get('status')
  status(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return this.playback.status(user, id);
  }
}
