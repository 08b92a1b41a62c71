import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { CallerLimit } from '../limits/caller-limit.js';

/** Votes, and votes withdrawn, in one room: 500 listeners behind one address may vote twice a minute. */
export const maxVotes = {
  user: [
    { points: 120, durationSeconds: 60 },
    { points: 1200, durationSeconds: 3600 },
  ],
  address: { points: 1000, durationSeconds: 60 },
} as const;
/** Uploads to one room. */
export const maxUploads = {
  user: [{ points: 200, durationSeconds: 600 }],
  address: { points: 600, durationSeconds: 600 },
} as const;

/**
 * Limits how often any participant may vote and upload, since each vote is an event in the room's log, and each upload is
 * two if the track is removed again. By user, and by address because guests are free. One instance, owned by the tracks
 * module; the counters are in memory.
 */
@Injectable()
export class TrackLimits {
  readonly #votes: CallerLimit;
  readonly #uploads: CallerLimit;

  constructor(@Inject(SETTINGS) settings: Settings) {
    this.#votes = new CallerLimit(settings, 'votes in this room', maxVotes);
    this.#uploads = new CallerLimit(settings, 'uploads to this room', maxUploads);
  }

  /** Counts a vote, or a vote withdrawn, that changes something. @throws {Problem} rate_limited */
  vote(userId: string, address: string, roomId: string): Promise<void> {
    return this.#votes.consume(userId, address, roomId);
  }

  /** Counts an upload, before its body is read. @throws {Problem} rate_limited */
  upload(userId: string, address: string, roomId: string): Promise<void> {
    return this.#uploads.consume(userId, address, roomId);
  }
}
