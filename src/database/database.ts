import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Kysely, Migrator, sql, type Transaction } from 'kysely';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { makeDialect } from './dialects.js';
import { migrations } from './migrations.js';
import type { Schema } from './schema.js';

export type Trx = Transaction<Schema>;

/** The database: SQLite in the data folder, or PostgreSQL. Migrated before anything else uses it. */
@Injectable()
export class Database implements OnApplicationShutdown {
  /** For single queries. */
  readonly db: Kysely<Schema>;

  constructor(
    @Inject(SETTINGS) settings: Settings,
    @InjectPinoLogger(Database.name) private readonly log: PinoLogger,
  ) {
    this.db = new Kysely<Schema>({
      dialect: makeDialect(settings.database, (err) => this.log.warn({ err }, 'database connection lost')),
    });
  }

  /** Brings the tables up to date. @throws what the database says, where it cannot be reached or changed */
  async migrate(): Promise<void> {
    const { error, results } = await new Migrator({ db: this.db, provider: migrations }).migrateToLatest();
    for (const { migrationName, status } of results ?? []) {
      this.log.info({ migrationName, status }, 'migration');
    }
    if (error instanceof Error) throw error;
    if (error) throw new Error('the database could not be migrated', { cause: error });
  }

  /** Several writes that are done together or not at all. */
  write<R>(work: (trx: Trx) => Promise<R>): Promise<R> {
    return this.db.transaction().execute(work);
  }

  /** Several reads of one moment. SQLite has one connection, and so one transaction at a time. */
  snapshot<R>(work: (trx: Trx) => Promise<R>): Promise<R> {
    return this.db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(work);
  }

  /** Really asks it. @throws where it does not answer */
  async ping(): Promise<void> {
    await sql`select 1`.execute(this.db);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.db.destroy();
  }
}
