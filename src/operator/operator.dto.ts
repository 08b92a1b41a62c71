import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsUUID, Max, Min } from 'class-validator';
import { IsLine } from '../errors/text.decorator.js';

/** The query of `GET /admin/rooms`. */
export class ListAllRoomsDto {
  /** The `next` of the previous page. */
  @IsUUID()
  @IsOptional()
  after?: string;

  /** Maximum number of entries, 1 to 100. Default: 50. */
  @Max(100)
  @Min(1)
  @IsInt()
  @Type(() => Number)
  @IsOptional()
  limit?: number;
}

/** The query of `GET /admin/users`. */
export class ListUsersDto extends ListAllRoomsDto {
  /** Part of a username, 1 to 128 characters. */
  @IsLine(1, 128)
  @IsOptional()
  q?: string;
}
