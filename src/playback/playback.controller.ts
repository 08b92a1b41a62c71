import { applyDecorators, Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser } from '../auth/caller.js';
import { type ErrorCode, rest, type User } from '../contract/index.js';
import { Answers, participantsOnly, Refuses } from '../errors/documented.js';
import { IdPipe } from '../errors/id.pipe.js';
import { IdempotentCommands } from '../idempotency/idempotency.interceptor.js';
import { SeekDto, StartDto } from './playback.dto.js';
import { PlaybackService } from './playback.service.js';

/** Decorator: a playback command, `POST` to `path`. `refusals`: errors besides those of every command. */
const Command = (path: string, summary: string, ...refusals: ErrorCode[]) =>
  applyDecorators(
    Post(path),
    HttpCode(200),
    ApiOperation({
      summary,
      description: "For the administrator, or for every participant if the room's settings allow it.",
    }),
    Answers(200, rest.PlaybackAnswer, 'The new playback state, and the event that announces it.'),
    Refuses(
      'malformed',
      'unauthorized',
      'not_a_participant',
      'not_administrator',
      'room_not_found',
      ...refusals,
    ),
  );

/** Routes under `/api/rooms/{id}/playback`. */
@ApiTags('playback')
@ApiBearerAuth()
@IdempotentCommands()
@Controller('rooms/:id/playback')
export class PlaybackController {
  constructor(private readonly playback: PlaybackService) {}

  @Command('start', 'Start a track', 'track_not_found', 'already_playing', 'nothing_to_play', 'invalid_field')
  start(@CurrentUser() user: User, @Param('id', IdPipe) id: string, @Body() { track_id }: StartDto) {
    return this.playback.start(user, id, track_id?.toLowerCase());
  }

  @Command('pause', 'Pause playback', 'not_playing')
  pause(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return this.playback.pause(user, id);
  }

  @Command('resume', 'Resume playback from the position at which it was paused', 'not_paused')
  resume(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return this.playback.resume(user, id);
  }

  @Command('stop', 'Stop playback; the current track stays current, at its beginning', 'not_playing')
  stop(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return this.playback.stop(user, id);
  }

  @Command('seek', 'Seek to a position in the current track', 'not_playing', 'invalid_field')
  seek(@CurrentUser() user: User, @Param('id', IdPipe) id: string, @Body() { position }: SeekDto) {
    return this.playback.seek(user, id, position);
  }

  @Command('skip', 'Skip to the next track, or to none if the queue is empty', 'not_playing')
  skip(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return this.playback.skip(user, id);
  }

  @ApiOperation({ summary: "Read the room's playback state and current track" })
  @Answers(200, rest.PlaybackStatusAnswer)
  @Refuses(...participantsOnly)
  @Get('status')
  status(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return this.playback.status(user, id);
  }
}
