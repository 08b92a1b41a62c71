import { Type } from 'class-transformer';
import { IsIn, IsInt, IsObject, IsOptional, IsUUID, Max, Min, ValidateNested } from 'class-validator';
import type { Permission, Visibility } from '../contract/index.js';
import { IsLine } from '../errors/text.decorator.js';
import { IsName } from '../names/name.decorator.js';

const visibilities: Visibility[] = ['public', 'private'];
const permissions: Permission[] = ['administrator', 'everyone'];

/** Body of `POST /api/rooms`. */
export class CreateRoomDto {
  /** 1 to 100 characters (code points, after NFKC). @example 'Friday night' */
  @IsName(1, 100)
  name!: string;

  /** Private rooms are not listed and need an invite. */
  @IsIn(visibilities)
  @IsOptional()
  visibility?: Visibility;
}

/** `settings` of `PATCH /api/rooms/{id}`: who may control playback, upload, and vote. What is not given stays. */
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
}

/** Body of `PATCH /api/rooms/{id}`. At least one field has to be given, which the service checks. */
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

/** Body of `POST /api/rooms/{id}/join`. */
export class JoinRoomDto {
  /** Needed for a private room. */
  @IsLine(1, 100)
  @IsOptional()
  invite?: string;
}

/** Query of `GET /api/rooms`. */
export class ListRoomsDto {
  /** How many at most, 1 to 100. */
  @Max(100)
  @Min(1)
  @IsInt()
  @Type(() => Number)
  @IsOptional()
  limit?: number;

  /** The `next` of the page before. */
  @IsUUID()
  @IsOptional()
  after?: string;
}

/** Query of `DELETE /api/rooms/{id}/participants/{user_id}`. */
export class RemoveParticipantDto {
  /** `true`: they cannot come back. */
  @IsIn(['true', 'false'])
  @IsOptional()
  ban?: string;
}
