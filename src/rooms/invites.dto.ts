import { IsInt, IsOptional, Max, Min } from 'class-validator';

const minute = 60;
const day = 24 * 3600;

/** Body of `POST /api/rooms/{id}/invites`. */
export class CreateInviteDto {
  /** How many may join with it, 1 to 10000; any number where it is not given. */
  @Max(10_000)
  @Min(1)
  @IsInt()
  @IsOptional()
  max_uses?: number;

  /** For how many seconds it is good: a minute to 30 days; a week where it is not given. */
  @Max(30 * day)
  @Min(minute)
  @IsInt()
  @IsOptional()
  expires_in?: number;
}
