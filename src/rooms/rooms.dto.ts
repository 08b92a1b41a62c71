import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsUUID,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { ApiPropertyOptional } from '@nestjs/swagger';
import {
  maxTracksPerUser,
  minSkipVoteShare,
  type Permission,
  type RoomSettings,
  type Visibility,
} from '../contract/index.js';
import { IsLine } from '../errors/text.decorator.js';
import { IsName } from '../names/name.decorator.js';

const visibilities: Visibility[] = ['public', 'private'];
const permissions: Permission[] = ['administrator', 'everyone'];

/** The body of `POST /rooms`. */
export class CreateRoomDto {
  /** 1 to 100 characters (code points, after NFKC). @example 'Friday night' */
  @IsName(1, 100)
  name!: string;

  /** Private rooms are not listed and need an invite. */
  @IsIn(visibilities)
  @IsOptional()
  visibility?: Visibility;
}

const fallbacks: RoomSettings['fallback'][] = ['off', 'history'];
const repeats: RoomSettings['repeat'][] = ['off', 'track', 'queue'];

/** Who may control playback, upload and vote, and how the room plays; part of `UpdateRoomDto`. */
export class SettingsDto {
  @IsIn(permissions)
  @IsOptional()
  playback_control?: Permission;

  @IsIn(permissions)
  @IsOptional()
  upload?: Permission;

  @IsIn(permissions)
  @IsOptional()
  vote?: Permission;

  /** The share of the online users whose votes skip the current track; null: no skipping by vote. @example 0.5 */
  @ApiPropertyOptional({ type: 'number', nullable: true, minimum: minSkipVoteShare, maximum: 1 })
  @Max(1)
  @Min(minSkipVoteShare)
  @IsNumber()
  @IsOptional()
  skip_vote_share?: number | null;

  /** How many tracks of one uploader may be queued at once; null: no limit. @example 5 */
  @ApiPropertyOptional({ type: 'integer', nullable: true, minimum: 1, maximum: maxTracksPerUser })
  @Max(maxTracksPerUser)
  @Min(1)
  @IsInt()
  @IsOptional()
  max_tracks_per_user?: number | null;

  /** Uploaders take turns in the queue. */
  @IsBoolean()
  @IsOptional()
  fair_turns?: boolean;

  /** What plays when the queue is empty. */
  @IsIn(fallbacks)
  @IsOptional()
  fallback?: RoomSettings['fallback'];

  /** What happens to a track that ends by itself. */
  @IsIn(repeats)
  @IsOptional()
  repeat?: RoomSettings['repeat'];

  /** Clients play all tracks equally loud. */
  @IsBoolean()
  @IsOptional()
  level_loudness?: boolean;
}

/** The body of `PATCH /rooms/{id}`. */
export class UpdateRoomDto {
  /** 1 to 100 characters (code points, after NFKC). @example 'Saturday night' */
  @IsName(1, 100)
  @IsOptional()
  name?: string;

  @IsIn(visibilities)
  @IsOptional()
  visibility?: Visibility;

  @ValidateNested()
  @Type(() => SettingsDto)
  @IsObject()
  @IsOptional()
  settings?: SettingsDto;
}

/** The body of `POST /rooms/{id}/join`. */
export class JoinRoomDto {
  /** Required for a private room. */
  @IsLine(1, 100)
  @IsOptional()
  invite?: string;
}

/** The query of `GET /rooms`. */
export class ListRoomsDto {
  /** Maximum number of rooms, 1 to 100. Default: 50. */
  @Max(100)
  @Min(1)
  @IsInt()
  @Type(() => Number)
  @IsOptional()
  limit?: number;

  /** The `next` of the previous page. */
  @IsUUID()
  @IsOptional()
  after?: string;
}

/** The query of `DELETE /rooms/{id}/participants/{user_id}`. */
export class RemoveParticipantDto {
  /** `true`: the user cannot join again until the ban is lifted. */
  @IsIn(['true', 'false'])
  @IsOptional()
  ban?: string;
}
