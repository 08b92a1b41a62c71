import { statfs } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import { diskFull } from './storage-problems.js';

/** For how long a measurement is used; grants since then are subtracted from it. */
const measuredForMs = 50;

/** Bytes that someone was granted and has not written yet. */
export interface PendingWrites {
  readonly pendingBytes: number;
}

/**
 * Free space on the volume of the data folder, of which uploads leave `MIN_FREE_MB` to the database, its log and
 * everything else. A grant counts from the moment it is given, so that uploads side by side cannot pass the floor
 * together.
 */
@Injectable()
export class FreeSpace {
  readonly #folder: string;
  readonly #floorBytes: number;
  readonly #writers = new Set<PendingWrites>();
  #measuring: Promise<void> | undefined;
  #measuredAt = -Infinity;
  /** What can be granted above the floor; negative below it. */
  #availableBytes = 0;

  constructor(@Inject(SETTINGS) { dataDir, minFreeBytes }: Settings) {
    this.#folder = dataDir;
    this.#floorBytes = minFreeBytes;
  }

  get floorBytes(): number {
    return this.#floorBytes;
  }

  /** Counts what a writer was granted and has not written yet, until `remove`. */
  add(writer: PendingWrites): void {
    this.#writers.add(writer);
  }

  remove(writer: PendingWrites): void {
    this.#writers.delete(writer);
  }

  /** Bytes that are free, the floor included, measured now. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#folder);
    return bavail * bsize;
  }

  /** @throws {Problem} storage_full where so many bytes do not fit above the floor; grants nothing */
  async require(bytes: number): Promise<void> {
    await this.#measure();
    if (this.#availableBytes < bytes) throw diskFull();
  }

  /** Grants bytes to a writer that was added. @throws {Problem} storage_full where they do not fit above the floor */
  async grant(bytes: number): Promise<void> {
    if (performance.now() - this.#measuredAt > measuredForMs || this.#availableBytes < bytes) {
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
    // Before the system is asked: what is written in between is counted twice rather than not at all.
    const pending = [...this.#writers].reduce((sum, { pendingBytes }) => sum + pendingBytes, 0);
    const before = this.#availableBytes;
    const free = await this.freeBytes();
    const grantedMeanwhile = Math.max(0, before - this.#availableBytes);
    this.#availableBytes = free - this.#floorBytes - pending - grantedMeanwhile;
    this.#measuredAt = performance.now();
  }
}
