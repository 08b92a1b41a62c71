import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsUUID, Max, Min } from 'class-validator';

/** Body of `PUT /api/rooms/{id}/queue`. */
export class PlaceTrackDto {
  @IsUUID()
  track_id!: string;

  /** Its place in the queue; 1 is next. Beyond the end means the end. @example 1 */
  @Max(1_000_000)
  @Min(1)
  @IsInt()
  queue_position!: number;
}

/** Query of `GET /api/rooms/{id}/tracks`. */
export class ListTracksDto {
  /** `played` for the history. */
  @IsIn(['played'])
  @IsOptional()
  status?: string;

  /** How many at most, 1 to 1000. */
  @Max(1000)
  @Min(1)
  @IsInt()
  @Type(() => Number)
  @IsOptional()
  limit?: number;

  /** How many to pass over: the `next` of the page before. */
  @Max(1_000_000_000)
  @Min(0)
  @IsInt()
  @Type(() => Number)
  @IsOptional()
  offset?: number;
}
