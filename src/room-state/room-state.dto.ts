import { Type } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';

/** The query of `GET /rooms/{id}/events`. */
export class ReadLogDto {
  /** Returns the events after this sequence. Default: from the oldest event in the log. */
  @Max(Number.MAX_SAFE_INTEGER)
  @Min(0)
  @IsInt()
  @Type(() => Number)
  @IsOptional()
  after?: number;

  /** Maximum number of events, 1 to 1000. Default: 100. */
  @Max(1000)
  @Min(1)
  @IsInt()
  @Type(() => Number)
  @IsOptional()
  limit?: number;
}
