import { IsBoolean, IsIn, IsInt, IsNumber, IsOptional, Max, Min } from 'class-validator';
import { type SyncStatus, syncStatuses } from '../contract/index.js';

export class ReplayDto {
  @Max(Number.MAX_SAFE_INTEGER)
  @Min(0)
  @IsInt()
  after_sequence!: number;

  @Max(1000)
  @Min(1)
  @IsInt()
  @IsOptional()
  limit?: number;
}

export class SyncReportDto {
  /** Seconds that the listener is ahead of the room. */
  @IsNumber()
  drift!: number;

  /** Seconds. */
  @Min(0)
  @IsNumber()
  round_trip!: number;

  /** Seconds of audio that are loaded. */
  @Min(0)
  @IsNumber()
  buffered!: number;

  /** What the player does; `blocked` and `silent` do not count as listening. */
  @IsIn(syncStatuses)
  @IsOptional()
  status?: SyncStatus;

  @IsBoolean()
  @IsOptional()
  muted?: boolean;
}
