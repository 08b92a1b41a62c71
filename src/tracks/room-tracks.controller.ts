import { Body, Controller, Get, Param, Post, Put, Query, Req, UseInterceptors } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiConsumes, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { CurrentUser } from '../auth/caller.js';
import { rest, type User } from '../contract/index.js';
import { administratorsOnly, Answers, participantsOnly, Refuses } from '../errors/documented.js';
import { IdPipe } from '../errors/id.pipe.js';
import { IdempotentCommands } from '../idempotency/idempotency.interceptor.js';
import { ExpensiveRead } from '../limits/expensive-read.decorator.js';
import { AudioUploadInterceptor, uploadField, type UploadedAudio } from './audio-upload.interceptor.js';
import { ListTracksDto, PlaceTrackDto } from './tracks.dto.js';
import { TracksService } from './tracks.service.js';
import { UploadsService } from './uploads.service.js';

/** The routes of a room's tracks: listing, uploading, and the order of the queue. */
@ApiTags('tracks')
@ApiBearerAuth()
@IdempotentCommands()
@Controller('rooms/:id')
export class RoomTracksController {
  constructor(
    private readonly tracks: TracksService,
    private readonly uploads: UploadsService,
  ) {}

  @ApiOperation({
    summary: 'List the tracks of a room',
    description: 'The current track and the queue in order; with `status=played` the history, newest first.',
  })
  @Answers(200, rest.TrackList)
  @Refuses(...participantsOnly, 'invalid_field')
  @ExpensiveRead(30)
  @Get('tracks')
  list(
    @CurrentUser() user: User,
    @Param('id', IdPipe) id: string,
    @Query() { status, limit, offset }: ListTracksDto,
  ) {
    return this.tracks.list(user, id, status === 'played', limit, offset);
  }

  @ApiOperation({
    summary: 'Upload a track',
    description:
      'mp3, m4a, aac, wav, flac, ogg or opus. If the room has no current track and the queue is empty, the track starts immediately.',
  })
  @ApiConsumes('multipart/form-data')
  @ApiBody({
    schema: {
      type: 'object',
      required: [uploadField],
      properties: { [uploadField]: { type: 'string', format: 'binary' } },
    },
  })
  @Answers(201, rest.TrackAnswer, 'Added to the queue.')
  @Refuses(
    ...administratorsOnly,
    'queue_full',
    'too_many_tracks',
    'storage_full',
    'payload_too_large',
    'unsupported_media_type',
    'unreadable_audio',
    'audio_too_complex',
    'unavailable',
    'invalid_field',
    'rate_limited',
    'request_timeout',
  )
  @UseInterceptors(AudioUploadInterceptor)
  @Post('tracks')
  add(
    @CurrentUser() user: User,
    @Param('id', IdPipe) id: string,
    @Req() { audio }: Request & { audio: UploadedAudio },
  ) {
    return this.uploads.add(user, id, audio);
  }

  @ApiOperation({
    summary: 'Move a track to a position in the queue',
    description:
      'Administrator only. Votes do not change this position; the other tracks are ordered around it.',
  })
  @Answers(200, rest.QueueAnswer)
  @Refuses(...administratorsOnly, 'track_not_found', 'not_queued', 'invalid_field')
  @Put('queue')
  place(@CurrentUser() user: User, @Param('id', IdPipe) id: string, @Body() input: PlaceTrackDto) {
    return this.tracks.place(user, id, input.track_id.toLowerCase(), input.queue_position);
  }
}
