import { Type } from 'class-transformer';
import { IsIn, IsInt, IsObject, IsOptional, IsUUID, Max, Min, ValidateNested } from 'class-validator';
import type { Permission, Visibility } from '../contract/index.js';
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

/** Who may control playback, upload and vote; part of `UpdateRoomDto`. */
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
