import { IsInt, IsOptional, Max, Min } from 'class-validator';

const minuteSeconds = 60;
const daySeconds = 24 * 3600;

/** The body of `POST /rooms/{id}/invites`. */
export class CreateInviteDto {
  /** Number of users who may join with it, 1 to 10000. Default: unlimited. */
  @Max(10_000)
  @Min(1)
  @IsInt()
  @IsOptional()
  max_uses?: number;

  /** Validity in seconds, from a minute to 30 days. Default: a week. */
  @Max(30 * daySeconds)
  @Min(minuteSeconds)
  @IsInt()
  @IsOptional()
  expires_in?: number;
}
