import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { Clock } from '../../config/clock.js';
import { Database } from '../../database/database.js';
import { prepare } from '../../database/prepared.js';
import { KeyedLock } from '../../events/keyed-lock.js';
import { DatabaseIdentity } from './database-identity.js';
import { FileStore, type Incoming } from './file-store.js';

const trashSeconds = 7 * 24 * 3600;
const purgeEveryMs = 24 * 3600 * 1000;

/**
 * The files that tracks are made of, from when they are kept until the last track that has them goes. A file whose
 * last track was removed is deleted at once. A file that no track has for a reason the database does not know (the
 * process was killed, an older backup was restored) goes to the trash for a week. Where the database is not the one
 * that the files belong to, none is moved or deleted.
 */
@Injectable()
export class TrackFiles implements OnApplicationBootstrap, OnModuleDestroy {
  /** Held while a file is given to a track, or taken away because no track has it. */
  readonly #files = new KeyedLock();
  #timer: NodeJS.Timeout | undefined;
  #tidying: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(
    private readonly store: FileStore,
    private readonly identity: DatabaseIdentity,
    private readonly database: Database,
    private readonly clock: Clock,
    @InjectPinoLogger(TrackFiles.name) private readonly log: PinoLogger,
  ) {}

  onApplicationBootstrap(): void {
    this.#tidying = this.#tidy(() => this.#sweep());
    this.#timer = setInterval(() => {
      this.#tidying = this.#tidying.then(() => this.#tidy(() => this.#purge()));
    }, purgeEveryMs).unref();
  }

  async onModuleDestroy(): Promise<void> {
    this.#ended = true;
    clearInterval(this.#timer);
    await this.#tidying;
  }

  /** Keeps a track's files while `work` writes its row; where it fails, those that no track has are deleted again. */
  async keepFor<R>(
    audio: Incoming,
    cover: { bytes: Uint8Array; sha256: string } | null,
    work: () => Promise<R>,
  ): Promise<R> {
    return this.#holding(cover ? [audio.sha256, cover.sha256] : [audio.sha256], async () => {
      await this.store.keep(audio);
      if (cover) await this.store.keepBytes(cover.bytes, cover.sha256);
      return work();
    });
  }

  /** Deletes an incoming file, unless it was kept. */
  discard(incoming: Incoming): Promise<void> {
    return this.store.discard(incoming);
  }

  /** Deletes files whose track was removed, unless another track has them. */
  async release(files: readonly string[]): Promise<void> {
    for (const sha256 of files) await this.#holding([sha256], () => Promise.resolve());
  }

  /** Runs `work` while holding the locks of these files, then removes those that no track has. */
  async #holding<R>(files: readonly string[], work: () => Promise<R>): Promise<R> {
    // In one order, so that two uploads never wait for each other.
    const [first, ...rest] = [...new Set(files)].sort();
    if (first === undefined) return work();
    return this.#files.run(first, async () => {
      try {
        return await this.#holding(rest, work);
      } finally {
        await this.#removeIfUnused(first);
      }
    });
  }

  async #removeIfUnused(sha256: string): Promise<void> {
    if (await this.#isUsed(sha256)) return;
    // It may have been there before, for a database that is to be restored.
    if (await this.identity.recognised()) await this.store.remove(sha256);
  }

  async #isUsed(sha256: string): Promise<boolean> {
    return (await selectUse.first(this.database.db, { sha256 })) !== undefined;
  }

  async #tidy(work: () => Promise<void>): Promise<void> {
    try {
      if (!this.#ended && (await this.identity.recognised())) await work();
    } catch (err) {
      this.log.warn({ err }, 'files that no track has could not be tidied up');
    }
  }

  /** After a start: what is in the trash and a track has comes back, what no track has goes there. */
  async #sweep(): Promise<void> {
    let restored = 0;
    for (const aside of await this.store.listAside()) {
      if (this.#stopped()) return;
      await this.#files.run(aside.sha256, async () => {
        if (!(await this.#isUsed(aside.sha256))) return;
        await this.store.restore(aside);
        restored += 1;
      });
    }
    let moved = 0;
    for await (const sha256 of this.store.list()) {
      if (this.#stopped()) return;
      await this.#files.run(sha256, async () => {
        if (await this.#isUsed(sha256)) return;
        await this.store.putAside(sha256, this.clock.now());
        moved += 1;
      });
    }
    if (restored > 0) this.log.info({ files: restored }, 'files of tracks were brought back from the trash');
    if (moved > 0) {
      this.log.warn(
        { files: moved },
        'files that no track has were put into the trash, and are kept there for 7 days',
      );
    }
    await this.#purge();
  }

  async #purge(): Promise<void> {
    const oldest = this.clock.now() - trashSeconds;
    let removed = 0;
    for (const { name, day } of await this.store.listAside()) {
      // Counted from the end of the day.
      if (day + 24 * 3600 > oldest) continue;
      await this.store.removeAside(name);
      removed += 1;
    }
    if (removed > 0) this.log.info({ files: removed }, 'files were deleted from the trash after 7 days');
  }

  /** A database that was lost while the server runs decides nothing any more. */
  #stopped(): boolean {
    return this.#ended || this.database.damage !== undefined;
  }
}

const selectUse = prepare((db, { sha256 }: { sha256: string }) =>
  db
    .selectFrom('tracks')
    .select('id')
    .where((of) => of.or([of('sha256', '=', sha256), of('cover_sha256', '=', sha256)]))
    .limit(1),
);
