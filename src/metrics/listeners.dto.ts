import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsUUID, Max, Min } from 'class-validator';

/** Query of `GET /api/rooms/{id}/listeners`. */
export class ListListenersDto {
  /** Returns the users after this one: `next` of the previous page. */
  @IsUUID()
  @IsOptional()
  after?: string;

  /** Maximum number of users, 1 to 200. Default: 100. */
  @Max(200)
  @Min(1)
  @IsInt()
  @Type(() => Number)
  @IsOptional()
  limit?: number;
}
