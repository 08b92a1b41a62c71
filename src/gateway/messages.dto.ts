import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsNumber, IsOptional, Max, Min } from 'class-validator';
import { type SocketMessage, type SyncStatus, syncStatuses } from '../contract/index.js';

/** What the message `replay` carries. */
export class ReplayDto {
  /** The place in the log after which the page begins; 0 for the whole log. */
  // Swagger's plugin takes the type from TypeScript, which has no integers.
  @ApiProperty({ type: 'integer' })
  @Max(Number.MAX_SAFE_INTEGER)
  @Min(0)
  @IsInt()
  after_sequence!: number;

  /** How many events at most. */
  @ApiPropertyOptional({ type: 'integer', default: 100 })
  @Max(1000)
  @Min(1)
  @IsInt()
  @IsOptional()
  limit?: number;
}

/** What the message `sync_report` carries. Only `status` and `muted` are evaluated. */
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

  /** A muted listener does not count as listening. */
  @IsBoolean()
  @IsOptional()
  muted?: boolean;
}

/** What each message carries, for the AsyncAPI document; null: nothing. */
export const messagePayloads = {
  time_sync: null,
  room_state: null,
  replay: ReplayDto,
  sync_report: SyncReportDto,
} satisfies Record<SocketMessage, (new () => object) | null>;
