import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { KeyedLimit } from '../limits/keyed-limit.js';

/** Votes, and votes withdrawn, in one room: 500 listeners behind one address may vote twice a minute. */
export const maxVotes = {
  user: [
    { points: 60, durationSeconds: 60 },
    { points: 600, durationSeconds: 3600 },
  ],
  address: { points: 1000, durationSeconds: 60 },
} as const;
/** Uploads to one room. */
export const maxUploads = {
  user: { points: 200, durationSeconds: 600 },
  address: { points: 600, durationSeconds: 600 },
} as const;

/**
 * Limits how often any participant may vote and upload, since each vote is an event in the room's log, and each upload is
 * two if the track is removed again. By user, and by address because guests are free. One instance, owned by the tracks
 * module; the counters are in memory.
 */
@Injectable()
export class TrackLimits {
  readonly #userVotes: KeyedLimit;
  readonly #addressVotes: KeyedLimit;
  readonly #userUploads: KeyedLimit;
  readonly #addressUploads: KeyedLimit;

  constructor(@Inject(SETTINGS) settings: Settings) {
    this.#userVotes = new KeyedLimit(settings, 'votes in this room', ...maxVotes.user);
    this.#addressVotes = new KeyedLimit(settings, 'votes in this room from this address', maxVotes.address);
    this.#userUploads = new KeyedLimit(settings, 'uploads to this room', maxUploads.user);
    this.#addressUploads = new KeyedLimit(
      settings,
      'uploads to this room from this address',
      maxUploads.address,
    );
  }

  /** Counts a vote, or a vote withdrawn, that changes something. @throws {Problem} rate_limited */
  async vote(userId: string, address: string, roomId: string): Promise<void> {
    await this.#userVotes.consume(`${roomId} ${userId}`);
    await this.#addressVotes.consume(`${roomId} ${address}`);
  }

  /** Counts an upload, before its body is read. @throws {Problem} rate_limited */
  async upload(userId: string, address: string, roomId: string): Promise<void> {
    await this.#userUploads.consume(`${roomId} ${userId}`);
    await this.#addressUploads.consume(`${roomId} ${address}`);
  }
}
