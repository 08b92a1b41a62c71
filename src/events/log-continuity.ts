import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Database } from '../database/database.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { renewEpochs } from './epoch.js';
import { EventBroadcasterService } from './event-broadcaster.service.js';

const storeEveryMs = 1000;

/**
 * Notices that the database has gone back (a backup was restored, or commits were lost), and then gives every room a new
 * epoch. One instance, owned by the events module. A number grows once a second while rooms change. It is written to the
 * database first and then to the file `<data>/log-position`, so that the file's is greater only if the database has gone
 * back. What was lost within the last second before a kill is not noticed.
 */
@Injectable()
export class LogContinuity implements OnModuleInit {
  readonly #file: string;
  #position = 0;
  /** Whether rooms have changed since the number was written. */
  #hasChanged = false;

  constructor(
    private readonly database: Database,
    @Inject(SETTINGS) private readonly settings: Settings,
    broadcaster: EventBroadcasterService,
    lifecycle: Lifecycle,
    @InjectPinoLogger(LogContinuity.name) private readonly log: PinoLogger,
  ) {
    this.#file = join(settings.dataDir, 'log-position');
    broadcaster.events$.subscribe(() => (this.#hasChanged = true));
    lifecycle.repeat('the position of the logs', storeEveryMs, () => this.#store());
    lifecycle.onStop('flush', 'the position of the logs', () => this.#store());
  }

  /** Before clients connect. */
  async onModuleInit(): Promise<void> {
    const stored = Number((await this.database.readState('log_position')) ?? 0);
    const seen = await this.#read();
    this.#position = Math.max(stored, seen || 0);
    // An SQLite database without the file was copied out of the folder in which it was used.
    const isCopy = seen === undefined && stored > 0 && this.settings.database.kind === 'sqlite';
    if (isCopy || Number.isNaN(seen) || this.#position > stored) await this.#goOnFrom(stored);
  }

  async #store(): Promise<void> {
    if (!this.#hasChanged) return;
    this.#hasChanged = false;
    try {
      const position = await this.database.incrementState('log_position');
      // After a failover to a database that lacks commits.
      if (position <= this.#position) await this.#goOnFrom(position);
      else await this.#note(position);
    } catch (error) {
      this.#hasChanged = true;
      throw error;
    }
  }

  async #goOnFrom(stored: number): Promise<void> {
    this.log.warn(
      { stored, seen: this.#position },
      'the database is older than what clients have seen: all rooms get new epochs',
    );
    await renewEpochs(this.database.db);
    const position = this.#position + 1;
    await this.database.writeState('log_position', String(position));
    await this.#note(position);
  }

  /** @returns NaN if the file has something else than a number; undefined if there is none */
  async #read(): Promise<number | undefined> {
    try {
      const text = await readFile(this.#file, 'utf8');
      return /^\d{1,15}\n$/.test(text) ? Number(text) : NaN;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** @param position as it is in the database */
  async #note(position: number): Promise<void> {
    this.#position = position;
    // Renamed, so that a kill leaves no half of a number.
    await writeFile(`${this.#file}.new`, `${position}\n`);
    await rename(`${this.#file}.new`, this.#file);
  }
}
