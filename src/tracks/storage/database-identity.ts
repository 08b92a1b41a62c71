import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { SETTINGS } from '../../config/config.module.js';
import type { Settings } from '../../config/settings.js';
import { Database } from '../../database/database.js';
import { AudioStore } from './audio-store.js';

/** In the marker file: take whatever database is there. */
const acceptAny = 'accept';
/** So many files are looked up at once. */
const chunkSize = 500;

/**
 * Whether the database is the one that the audio files in the data folder belong to. `<data>/database-id` names it.
 * A database that was lost, or another one, does not know the files, and may not decide that they are of no use.
 * Several servers with folders of their own may share one database.
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

  /** What is wrong, in words; undefined where the database is recognised, or it was not looked yet. */
  get unrecognised(): string | undefined {
    return this.#unrecognised;
  }

  /** Looks once in the life of the process. @throws where the database or the folder cannot be read */
  recognised(): Promise<boolean> {
    return (this.#recognised ??= this.#look().catch((error: unknown) => {
      this.#recognised = undefined;
      throw error;
    }));
  }

  async #look(): Promise<boolean> {
    const id = await this.database.id();
    const marker = await this.#readMarker();
    if (marker === id) return true;
    if (marker === acceptAny || !(await this.#hasFiles()) || (marker === null && (await this.#knowsAny()))) {
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
      // The next start decides again; a full disk must not keep tracks from being removed.
      this.log.warn({ err }, `${this.#marker} could not be written`);
    }
  }

  async #hasFiles(): Promise<boolean> {
    for await (const _ of this.store.list()) return true;
    return false;
  }

  /** A data folder from before there were markers: its database knows the files. */
  async #knowsAny(): Promise<boolean> {
    let chunk: string[] = [];
    for await (const sha256 of this.store.list()) {
      chunk.push(sha256);
      if (chunk.length < chunkSize) continue;
      if (await this.#anyTrackHas(chunk)) return true;
      chunk = [];
    }
    return this.#anyTrackHas(chunk);
  }

  async #anyTrackHas(files: readonly string[]): Promise<boolean> {
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
