import { statfs } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import { diskFull } from './storage-problems.js';

/** How long a measurement is used. Grants made since then are subtracted from it. */
const maxMeasurementAgeMs = 50;

/** A writer's bytes that were granted and are not written yet. */
export interface PendingWrites {
  readonly pendingBytes: number;
}

/**
 * The free space on the volume of the data folder. One instance, owned by the tracks module. Uploads leave
 * `MIN_FREE_MB` of it, the floor, to the database and everything else. Bytes count as used from the moment they are
 * granted, so concurrent uploads cannot exceed the floor together.
 */
@Injectable()
export class FreeSpace {
  readonly #folder: string;
  readonly #floorBytes: number;
  readonly #writers = new Set<PendingWrites>();
  #measuring: Promise<void> | undefined;
  #measuredAt = -Infinity;
  /** Bytes that can be granted; negative if less than the floor is free. */
  #availableBytes = 0;

  constructor(@Inject(SETTINGS) { dataDir, minFreeBytes }: Settings) {
    this.#folder = dataDir;
    this.#floorBytes = minFreeBytes;
  }

  get floorBytes(): number {
    return this.#floorBytes;
  }

  /** Subtracts the writer's pending bytes from what is free, until `remove`. */
  add(writer: PendingWrites): void {
    this.#writers.add(writer);
  }

  remove(writer: PendingWrites): void {
    this.#writers.delete(writer);
  }

  /** Measures the free bytes now, the floor included. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#folder);
    return bavail * bsize;
  }

  /** Checks that so many bytes could be granted. @throws {Problem} storage_full */
  async require(bytes: number): Promise<void> {
    await this.#measure();
    if (this.#availableBytes < bytes) throw diskFull();
  }

  /** Grants bytes to a writer that was added. @throws {Problem} storage_full */
  async grant(bytes: number): Promise<void> {
    if (performance.now() - this.#measuredAt > maxMeasurementAgeMs || this.#availableBytes < bytes) {
      await this.#measure();
    }
    if (this.#availableBytes < bytes) throw diskFull();
    this.#availableBytes -= bytes;
  }

  async #measure(): Promise<void> {
    this.#measuring ??= this.#measureNow().finally(() => (this.#measuring = undefined));
    await this.#measuring;
  }

  async #measureNow(): Promise<void> {
    // Before statfs, so that bytes written in between are subtracted twice rather than not at all.
    const pending = [...this.#writers].reduce((sum, { pendingBytes }) => sum + pendingBytes, 0);
    const before = this.#availableBytes;
    const free = await this.freeBytes();
    const grantedMeanwhile = Math.max(0, before - this.#availableBytes);
    this.#availableBytes = free - this.#floorBytes - pending - grantedMeanwhile;
    this.#measuredAt = performance.now();
  }
}
