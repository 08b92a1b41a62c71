import { IsNumber, IsOptional, IsUUID, Min } from 'class-validator';

/** Body of `POST /api/rooms/{id}/playback/start`. */
export class StartDto {
  /** A track of the room; without one the current track begins anew, or the next one. */
  @IsUUID()
  @IsOptional()
  track_id?: string;
}

/** Body of `POST /api/rooms/{id}/playback/seek`. */
export class SeekDto {
  /** Seconds into the track. @example 42.5 */
  @Min(0)
  @IsNumber()
  position!: number;
}
