import { IsNumber, IsOptional, IsUUID, Min } from 'class-validator';

export class StartDto {
  /** A track of the room; without one the current track begins anew, or the next one. */
  @IsUUID()
  @IsOptional()
  track_id?: string;
}

export class SeekDto {
  /** Seconds into the track. @example 42.5 */
  @Min(0)
  @IsNumber()
  position!: number;
}
