import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsNumber, IsOptional, Max, Min } from 'class-validator';
import {
  type RoomReaction,
  reactions,
  type SocketMessage,
  type SyncStatus,
  syncStatuses,
} from '../contract/index.js';

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

/** Limits of the values in a report, in seconds: wide enough for every real client. */
const maxTrackSeconds = 7 * 24 * 3600;
const maxNetworkSeconds = 300;
const maxDeviceSeconds = 60;

/** Decorator: a finite number of seconds from `min` to `max`. */
const IsSeconds = (min: number, max: number) =>
  applyDecorators(ApiProperty({ minimum: min, maximum: max }), Max(max), Min(min), IsNumber());

/** The payload of the message `sync_report`. */
export class SyncReportDto {
  /** By how much the listener is ahead of the room, in seconds. */
  @IsSeconds(-maxTrackSeconds, maxTrackSeconds)
  drift!: number;

  /** Round trip of messages between client and server, in seconds. */
  @IsSeconds(0, maxNetworkSeconds)
  round_trip!: number;

  /** Audio that is decoded ahead of what is heard, in seconds. */
  @IsSeconds(0, maxTrackSeconds)
  buffered!: number;

  /** By how much the client's reading of the room clock may be wrong, in seconds. */
  @IsSeconds(0, maxNetworkSeconds)
  @IsOptional()
  uncertainty?: number;

  /** From handing audio to the output device until it is heard, in seconds. */
  @IsSeconds(0, maxDeviceSeconds)
  @IsOptional()
  output_latency?: number;

  /** The offset that the user set for the output device, in seconds. */
  @IsSeconds(-maxDeviceSeconds, maxDeviceSeconds)
  @IsOptional()
  offset?: number;

  /** What the player does; `blocked` and `silent` do not count as listening. */
  @IsIn(syncStatuses)
  @IsOptional()
  status?: SyncStatus;

  /** A muted listener does not count as listening. */
  @IsBoolean()
  @IsOptional()
  muted?: boolean;
}

/** The payload of the message `react`. */
export class ReactDto {
  // Swagger reads the values from the decorator only where they are an enumeration.
  @ApiProperty({ enum: reactions })
  @IsIn(reactions)
  reaction!: RoomReaction;
}

/** The payload of each message, from which the AsyncAPI document is generated; null: an empty object. */
export const messagePayloads = {
  time_sync: null,
  room_state: null,
  replay: ReplayDto,
  sync_report: SyncReportDto,
  skip_vote: null,
  react: ReactDto,
} satisfies Record<SocketMessage, (new () => object) | null>;
