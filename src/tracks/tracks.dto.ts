import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsUUID, Max, Min } from 'class-validator';

/** Body of `PUT /api/rooms/{id}/queue`. */
export class PlaceTrackDto {
  @IsUUID()
  track_id!: string;

  /** The position in the queue; 1 is next. A position beyond the end means the end. @example 1 */
  @Max(1_000_000)
  @Min(1)
  @IsInt()
  queue_position!: number;
}

/** Query of `GET /api/tracks/{id}/cover`. */
export class CoverDto {
  /** Largest width and height in pixels: 96, 320 or 1024 (default). Smaller pictures are not enlarged. */
  @IsIn(['96', '320', '1024'])
  @IsOptional()
  size?: '96' | '320' | '1024';
}

/** Query of `GET /api/rooms/{id}/tracks`. */
export class ListTracksDto {
  /** `played` lists the history instead of the queue. */
  @IsIn(['played'])
  @IsOptional()
  status?: string;

  /** Maximum number of tracks, 1 to 1000. */
  @Max(1000)
  @Min(1)
  @IsInt()
  @Type(() => Number)
  @IsOptional()
  limit?: number;

  /** Number of tracks to skip: `next` of the previous page. */
  @Max(1_000_000_000)
  @Min(0)
  @IsInt()
  @Type(() => Number)
  @IsOptional()
  offset?: number;
}
