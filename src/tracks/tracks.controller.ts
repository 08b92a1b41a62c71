import { Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { type Caller, CurrentCaller, CurrentUser, MediaToken } from '../auth/caller.js';
import { ClientAddress } from '../auth/client-address.js';
import { rest, type User } from '../contract/index.js';
import { Answers, Refuses } from '../errors/documented.js';
import { IdPipe } from '../errors/id.pipe.js';
import { Problem } from '../errors/problem.js';
import { IdempotentCommands } from '../idempotency/idempotency.interceptor.js';
import { FileSender } from './file-sender.js';
import { coverFile, trackView } from './track-view.js';
import { CoverDto } from './tracks.dto.js';
import { OpenTransfers } from './transfers/open-transfers.js';
import { TracksService } from './tracks.service.js';
import { UploadsService } from './uploads.service.js';

const mediaQuery = ApiQuery({
  name: 'media_token',
  required: false,
  description: 'Replaces the Authorization header.',
});
/** Of votes, and of votes withdrawn. */
const RefusesVote = () =>
  Refuses(
    'malformed',
    'unauthorized',
    'not_a_participant',
    'not_administrator',
    'track_not_found',
    'rate_limited',
  );
const binary = (contentType: string) => ({ [contentType]: { schema: { type: 'string', format: 'binary' } } });

/** The routes of one track: votes, removal, and its audio, metadata and cover. */
@ApiTags('tracks')
@ApiBearerAuth()
@IdempotentCommands()
@Controller('tracks/:id')
export class TracksController {
  constructor(
    private readonly tracks: TracksService,
    private readonly files: FileSender,
    private readonly transfers: OpenTransfers,
    private readonly uploads: UploadsService,
  ) {}

  @ApiOperation({ summary: 'Remove a track', description: 'Uploader and administrator only.' })
  @Answers(200, rest.TrackAnswer, 'Removed.')
  @Refuses('malformed', 'unauthorized', 'not_a_participant', 'forbidden', 'track_not_found')
  @Delete()
  remove(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    return this.tracks.remove(user, id);
  }

  @ApiOperation({ summary: 'Vote for a track', description: 'A second vote changes nothing.' })
  @Answers(200, rest.TrackAnswer)
  @RefusesVote()
  @HttpCode(200)
  @Post('vote')
  vote(@CurrentUser() user: User, @Param('id', IdPipe) id: string, @ClientAddress() address: string) {
    return this.tracks.vote(user, id, address);
  }

  @ApiOperation({ summary: 'Withdraw a vote', description: 'If there is none, nothing changes.' })
  @Answers(200, rest.TrackAnswer)
  @RefusesVote()
  @Delete('vote')
  unvote(@CurrentUser() user: User, @Param('id', IdPipe) id: string, @ClientAddress() address: string) {
    return this.tracks.unvote(user, id, address);
  }

  @ApiOperation({
    summary: 'Add a played track to the queue again',
    description: 'At the end, without votes. For those who may upload.',
  })
  @Answers(200, rest.TrackAnswer)
  @Refuses(
    'malformed',
    'unauthorized',
    'not_a_participant',
    'not_administrator',
    'track_not_found',
    'already_queued',
    'too_many_tracks',
    'queue_full',
    'rate_limited',
  )
  @HttpCode(200)
  @Post('queue')
  async queueAgain(
    @CurrentUser() user: User,
    @Param('id', IdPipe) id: string,
    @ClientAddress() address: string,
  ) {
    return this.uploads.addAgain(user, await this.tracks.get(user, id), address);
  }

  @ApiOperation({ summary: 'Stream the audio of a track' })
  @mediaQuery
  @ApiHeader({ name: 'Range', required: false, example: 'bytes=0-1023' })
  @ApiHeader({ name: 'If-None-Match', required: false })
  @ApiResponse({ status: 200, description: 'The whole file.', content: binary('audio/*') })
  @ApiResponse({ status: 206, description: 'The requested range.', content: binary('audio/*') })
  @ApiResponse({ status: 304, description: 'Not modified: the caller has the file already.' })
  @Refuses(
    'malformed',
    'unauthorized',
    'not_a_participant',
    'track_not_found',
    'audio_missing',
    'range_not_satisfiable',
  )
  @MediaToken()
  @Get('stream')
  async stream(@CurrentCaller() caller: Caller, @Param('id', IdPipe) id: string, @Res() response: Response) {
    const { user, sessionId } = caller;
    const { sha256, mime_type: mimeType, room_id: roomId } = await this.tracks.get(user, id);
    this.transfers.begin('stream', { userId: user.id, sessionId, roomId }, response);
    await this.files.send(response, { userId: user.id, trackId: id, sha256, mimeType });
  }

  @ApiOperation({ summary: 'Get the metadata of an audio file' })
  @mediaQuery
  @Answers(200, rest.TrackMetadata)
  @Refuses('malformed', 'unauthorized', 'not_a_participant', 'track_not_found')
  @MediaToken()
  @Get('metadata')
  async metadata(@CurrentUser() user: User, @Param('id', IdPipe) id: string) {
    const row = await this.tracks.get(user, id);
    const { title, artist, album, duration, mime_type, size_bytes, sha256, cover_mime_type } = row;
    return {
      track: trackView(row),
      metadata: { title, artist, album, duration, mime_type, size_bytes, sha256, cover_mime_type },
    };
  }

  @ApiOperation({
    summary: 'Get the waveform of a track',
    description: '400 peaks, computed when the track was uploaded. They never change.',
  })
  @Answers(200, rest.Waveform)
  @ApiResponse({ status: 304, description: 'Not modified: the caller has the peaks already.' })
  @Refuses('malformed', 'unauthorized', 'not_a_participant', 'track_not_found', 'waveform_not_found')
  @Get('waveform')
  async waveform(
    @CurrentUser() user: User,
    @Param('id', IdPipe) id: string,
    @Res({ passthrough: true }) response: Response,
  ) {
    const peaks = await this.tracks.waveform(user, id);
    response.setHeader('ETag', `"${id}"`);
    response.setHeader('Cache-Control', 'private, max-age=3600');
    if (!response.req.fresh) return { peaks };
    response.status(304);
    return undefined;
  }

  @ApiOperation({
    summary: 'Get the cover of a track',
    description: 'WebP, re-encoded by the server. Covers from before it did that have one size.',
  })
  @mediaQuery
  @ApiResponse({ status: 200, description: 'The image.', content: binary('image/*') })
  @ApiResponse({ status: 304, description: 'Not modified: the caller has the file already.' })
  @Refuses(
    'malformed',
    'unauthorized',
    'not_a_participant',
    'track_not_found',
    'cover_not_found',
    'audio_missing',
    'invalid_field',
  )
  @MediaToken()
  @Get('cover')
  async cover(
    @CurrentCaller() caller: Caller,
    @Param('id', IdPipe) id: string,
    @Query() { size }: CoverDto,
    @Res() response: Response,
  ) {
    const { user, sessionId } = caller;
    const track = await this.tracks.get(user, id);
    const { cover_mime_type: mimeType, room_id: roomId } = track;
    const sha256 = coverFile(track, size);
    if (sha256 === null || mimeType === null) {
      throw new Problem('cover_not_found', 'This track has no cover.');
    }
    this.transfers.begin('cover', { userId: user.id, sessionId, roomId }, response);
    await this.files.send(response, { userId: user.id, trackId: id, sha256, mimeType });
  }
}
