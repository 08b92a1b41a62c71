import { Readable } from 'node:stream';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Clock } from '../../config/clock.js';
import { Database } from '../../database/database.js';
import { prepare } from '../../database/prepared.js';
import { KeyedLock } from '../../events/keyed-lock.js';
import { Lifecycle } from '../../lifecycle/lifecycle.js';
import { AudioStore } from './audio-store.js';
import { DatabaseIdentity } from './database-identity.js';
import type { ReceivedFile } from './upload-folder.js';

/** The columns of `tracks` that name files. Each has an index. */
export const fileColumns = ['sha256', 'cover_sha256', 'cover_320_sha256', 'cover_96_sha256'] as const;

/** The files of a track; some may be the same. */
export const filesOf = (row: Record<(typeof fileColumns)[number], string | null>): string[] => [
  ...new Set(fileColumns.map((column) => row[column]).filter((file) => file !== null)),
];

/** An image and its key in the store. */
export interface StoredImage {
  bytes: Uint8Array;
  sha256: string;
}

const trashSeconds = 7 * 24 * 3600;
const purgeIntervalMs = 24 * 3600 * 1000;

/**
 * Decides when files are stored and removed. One instance, owned by the tracks module, and the only writer of the
 * audio store.
 *
 * - A file exists as long as a track uses it. It is deleted with its last track.
 * - At start, a file that no track uses is moved to the trash for 7 days: the process may have been killed, or an older
 *   backup of the database restored. A file in the trash that a track uses is restored.
 * - If the database is not the one that the files belong to, no file is moved or deleted.
 */
@Injectable()
export class TrackFiles implements OnApplicationBootstrap {
  /** A lock per file: held while a track with the file is added, and while an unused file is removed. */
  readonly #locks = new KeyedLock();
  #cleanup: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(
    private readonly store: AudioStore,
    private readonly identity: DatabaseIdentity,
    private readonly database: Database,
    private readonly clock: Clock,
    lifecycle: Lifecycle,
    @InjectPinoLogger(TrackFiles.name) private readonly log: PinoLogger,
  ) {
    lifecycle.repeat('the purge of the trash', purgeIntervalMs, () => {
      this.#cleanup = this.#cleanup.then(() => this.#cleanUp(() => this.#purge()));
      return this.#cleanup;
    });
    lifecycle.onStop('work', 'the sweep of unused files', async () => {
      this.#ended = true;
      await this.#cleanup;
    });
  }

  onApplicationBootstrap(): void {
    this.#cleanup = this.#cleanUp(() => this.#sweep());
  }

  /** Stores the files of a track, then runs `insertTrack`. If either fails, files that no track uses are deleted. */
  async storeFor<R>(
    audio: ReceivedFile,
    images: readonly StoredImage[],
    insertTrack: () => Promise<R>,
  ): Promise<R> {
    return this.#withLocks([audio.sha256, ...images.map(({ sha256 }) => sha256)], async () => {
      await this.store.put(audio.sha256, audio.sizeBytes, { path: audio.path });
      for (const { sha256, bytes } of images) {
        await this.store.put(sha256, bytes.length, { stream: Readable.from([bytes]) });
      }
      return insertTrack();
    });
  }

  /** Deletes the files of a removed track, except those that another track uses. */
  async release(files: readonly string[]): Promise<void> {
    for (const sha256 of files) await this.#withLocks([sha256], () => Promise.resolve());
  }

  /** Runs `work` while holding the locks of these files, then deletes those that no track uses. */
  async #withLocks<R>(files: readonly string[], work: () => Promise<R>): Promise<R> {
    // Always in the same order: two uploads with the same files would deadlock otherwise.
    const [first, ...rest] = [...new Set(files)].sort();
    if (first === undefined) return work();
    return this.#locks.run(first, async () => {
      try {
        return await this.#withLocks(rest, work);
      } finally {
        await this.#removeIfUnused(first);
      }
    });
  }

  async #removeIfUnused(sha256: string): Promise<void> {
    if (await this.#isUsed(sha256)) return;
    // The file may have been stored before, for a track in a database that is yet to be restored.
    if (await this.identity.recognised()) await this.store.remove(sha256);
  }

  async #isUsed(sha256: string): Promise<boolean> {
    return (await selectUse.first(this.database.db, { sha256 })) !== undefined;
  }

  async #cleanUp(work: () => Promise<void>): Promise<void> {
    try {
      if (!this.#ended && (await this.identity.recognised())) await work();
    } catch (err) {
      this.log.warn({ err }, 'the cleanup of files that no track uses failed');
    }
  }

  /** Restores files that a track uses from the trash, moves files that no track uses there, then purges the trash. */
  async #sweep(): Promise<void> {
    let restored = 0;
    for (const trashed of await this.store.listTrash()) {
      if (this.#stopped()) return;
      await this.#locks.run(trashed.key, async () => {
        if (!(await this.#isUsed(trashed.key))) return;
        await this.store.restore(trashed);
        restored += 1;
      });
    }
    let moved = 0;
    for await (const key of this.store.list()) {
      if (this.#stopped()) return;
      await this.#locks.run(key, async () => {
        if (await this.#isUsed(key)) return;
        await this.store.moveToTrash(key, this.clock.now());
        moved += 1;
      });
    }
    if (restored > 0) {
      this.log.info({ files: restored }, 'files that tracks use were restored from the trash');
    }
    if (moved > 0) {
      this.log.warn(
        { files: moved },
        'files that no track uses were put into the trash, and are kept there for 7 days',
      );
    }
    await this.#purge();
  }

  async #purge(): Promise<void> {
    const oldest = this.clock.now() - trashSeconds;
    let removed = 0;
    for (const trashed of await this.store.listTrash()) {
      // Seven days from the end of the day on which the file was moved.
      if (trashed.day + 24 * 3600 > oldest) continue;
      await this.store.deleteFromTrash(trashed);
      removed += 1;
    }
    if (removed > 0) this.log.info({ files: removed }, 'files were deleted from the trash after 7 days');
  }

  /** If the database was lost while the server runs, it must not decide which files are unused. */
  #stopped(): boolean {
    return this.#ended || this.database.damage !== undefined;
  }
}

const selectUse = prepare((db, { sha256 }: { sha256: string }) =>
  db
    .selectFrom('tracks')
    .select('id')
    .where((of) => of.or(fileColumns.map((column) => of(column, '=', sha256))))
    .limit(1),
);
