import { IsNumber, IsOptional, IsUUID, Min } from 'class-validator';

/** The body of `POST /rooms/{id}/playback/start`. */
export class StartDto {
  /** A track of the room. Default: the current track, else the next one in the queue. */
  @IsUUID()
  @IsOptional()
  track_id?: string;
}

/** The body of `POST /rooms/{id}/playback/seek`. */
export class SeekDto {
  /** Seconds into the track. @example 42.5 */
  @Min(0)
  @IsNumber()
  position!: number;
}
