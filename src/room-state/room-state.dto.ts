import { Type } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';

/** Query of `GET /api/rooms/{id}/events`. */
export class ReadLogDto {
  /** Events after this one; without it, from the oldest kept. */
  @Max(Number.MAX_SAFE_INTEGER)
  @Min(0)
  @IsInt()
  @Type(() => Number)
  @IsOptional()
  after?: number;

  /** How many at most, 1 to 1000; 100 without it. */
  @Max(1000)
  @Min(1)
  @IsInt()
  @Type(() => Number)
  @IsOptional()
  limit?: number;
}
