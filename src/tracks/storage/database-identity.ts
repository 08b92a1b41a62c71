import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { SETTINGS } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import { Database } from '../../database/database.js';
import { AudioStore } from './audio-store.js';

/** In the marker file instead of an id: accept the current database. */
const acceptAny = 'accept';
/** Files looked up with one query. */
const chunkSize = 500;

/**
 * Tells whether the audio files belong to the current database. One instance, owned by the tracks module. The marker
 * file `<data>/database-id` has the id of the database that they belong to. A new or a different database does not
 * know the files, so as long as the database is not recognised, no file may be moved or deleted.
 */
@Injectable()
export class DatabaseIdentity {
  readonly #dataDir: string;
  readonly #marker: string;
  #recognised: Promise<boolean> | undefined;
  #unrecognised: string | undefined;

  constructor(
    private readonly store: AudioStore,
    private readonly database: Database,
    @Inject(SETTINGS) { dataDir }: Settings,
    @InjectPinoLogger(DatabaseIdentity.name) private readonly log: PinoLogger,
  ) {
    this.#dataDir = dataDir;
    this.#marker = join(dataDir, 'database-id');
  }

  /** Why the database is not recognised; undefined if it is, or if that was not checked yet. */
  get unrecognised(): string | undefined {
    return this.#unrecognised;
  }

  /** Checked once per process. @throws if the database or the data folder cannot be read; the next call retries */
  recognised(): Promise<boolean> {
    return (this.#recognised ??= this.#check().catch((error: unknown) => {
      this.#recognised = undefined;
      throw error;
    }));
  }

  async #check(): Promise<boolean> {
    const id = await this.database.id();
    const marker = await this.#readMarker();
    if (marker === id) return true;
    if (
      marker === acceptAny ||
      !(await this.#hasFiles()) ||
      (marker === null && (await this.#knowsAnyFile()))
    ) {
      await this.#writeMarker(id);
      return true;
    }
    this.#unrecognised =
      'they belong to another database, or to one that was lost; the log says how to go on';
    const rescued = (await readdir(this.#dataDir)).filter((name) => name.includes('.rescued-'));
    this.log.error(
      { data_dir: this.#dataDir, ...(rescued.length > 0 ? { rescued } : {}) },
      'The database does not know the audio files in the data folder: it is new, was lost, or is another one. ' +
        'None of the files is moved or deleted until this is settled. If the database was lost, stop the server, ' +
        'restore a backup of the database, and start again. To go on with the database as it is now, write the ' +
        `word "${acceptAny}" into ${this.#marker} and start again; files that it does not know go to the trash.`,
    );
    return false;
  }

  async #readMarker(): Promise<string | null> {
    try {
      return (await readFile(this.#marker, 'utf8')).trim() || null;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  async #writeMarker(id: string): Promise<void> {
    try {
      await writeFile(this.#marker, `${id}\n`);
    } catch (err) {
      // The next start checks again. A full disk must not prevent tracks from being removed.
      this.log.warn({ err }, `${this.#marker} could not be written`);
    }
  }

  async #hasFiles(): Promise<boolean> {
    for await (const _ of this.store.list()) return true;
    return false;
  }

  /** Older versions wrote no marker: without one, the files belong to the database if a track uses one of them. */
  async #knowsAnyFile(): Promise<boolean> {
    let chunk: string[] = [];
    for await (const sha256 of this.store.list()) {
      chunk.push(sha256);
      if (chunk.length < chunkSize) continue;
      if (await this.#isAnyUsed(chunk)) return true;
      chunk = [];
    }
    return this.#isAnyUsed(chunk);
  }

  async #isAnyUsed(files: readonly string[]): Promise<boolean> {
    if (files.length === 0) return false;
    const row = await this.database.db
      .selectFrom('tracks')
      .select('id')
      .where('sha256', 'in', files)
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }
}
