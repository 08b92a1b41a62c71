import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsNumber, IsOptional, Max, Min } from 'class-validator';
import { type SocketMessage, type SyncStatus, syncStatuses } from '../contract/index.js';

/** The payload of the message `replay`. */
export class ReplayDto {
  /** The page begins with the event after this sequence; 0 is before the first event. */
  // Swagger takes the type from TypeScript, which has no integers.
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

/** The payload of the message `sync_report`. Only `status` and `muted` are used. */
export class SyncReportDto {
  /** By how many seconds the listener is ahead of the room. */
  @IsNumber()
  drift!: number;

  /** Seconds. */
  @Min(0)
  @IsNumber()
  round_trip!: number;

  /** Seconds of audio that are buffered. */
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

/** The payload of each message, from which the AsyncAPI document is generated; null: an empty object. */
export const messagePayloads = {
  time_sync: null,
  room_state: null,
  replay: ReplayDto,
  sync_report: SyncReportDto,
} satisfies Record<SocketMessage, (new () => object) | null>;
