import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Kysely, Migrator, type Transaction } from 'kysely';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { v4 as uuid } from 'uuid';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { postgresDialect } from './dialects.js';
import { migrations } from './migrations.js';
import type { Schema } from './schema.js';
import { SqliteDialect } from './sqlite-driver.js';
import { SqliteFile } from './sqlite-file.js';
import { SqliteWatch } from './sqlite-watch.js';

export type Trx = Transaction<Schema>;

/** The database: SQLite in the data folder, or PostgreSQL. Migrated before anything else uses it. */
@Injectable()
export class Database implements OnApplicationShutdown {
  /** For single queries. */
  readonly db: Kysely<Schema>;
  /** null for PostgreSQL, which looks after its own files, and for a database in memory. */
  readonly #watch: SqliteWatch | null = null;

  constructor(
    @Inject(SETTINGS) { database }: Settings,
    @InjectPinoLogger(Database.name) private readonly log: PinoLogger,
  ) {
    if (database.kind === 'postgres') {
      const onPoolError = (err: Error) => this.log.warn({ err }, 'database connection lost');
      this.db = new Kysely<Schema>({ dialect: postgresDialect(database.url, onPoolError) });
    } else {
      const file = new SqliteFile(database.file, database.sync);
      // The simulation's database is in memory: there is no file to watch.
      this.#watch = database.file === ':memory:' ? null : new SqliteWatch(file, log);
      this.db = new Kysely<Schema>({ dialect: new SqliteDialect(file, () => this.#watch?.damaged()) });
    }
  }

  /** Why nothing is written any more, where the files of an SQLite database were lost or damaged while it is open. */
  get lost(): string | undefined {
    return this.#watch?.lost;
  }

  /** Brings the tables up to date. @throws what the database says, where it cannot be reached or changed */
  async migrate(): Promise<void> {
    const { error, results } = await new Migrator({ db: this.db, provider: migrations }).migrateToLatest();
    for (const { migrationName, status } of results ?? []) {
      this.log.info({ migrationName, status }, 'migration');
    }
    if (error instanceof Error) throw error;
    if (error) throw new Error('the database could not be migrated', { cause: error });
    await this.db
      .insertInto('database_state')
      .values({ name: 'id', value: uuid() })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    // The write-ahead log is there from here on: seen now, its loss is noticed from the first second.
    this.#watch?.check();
  }

  /** Tells this database from any other; it stays the same in backups of it. */
  async id(): Promise<string> {
    const row = await this.db
      .selectFrom('database_state')
      .select('value')
      .where('name', '=', 'id')
      .executeTakeFirstOrThrow();
    return row.value;
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

  /** Looks at its files and writes a row. @throws where that fails */
  async probe(): Promise<void> {
    this.#watch?.check();
    const value = new Date().toISOString();
    await this.db
      .insertInto('database_state')
      .values({ name: 'probed_at', value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#watch?.end();
    await this.db.destroy();
    this.#watch?.release();
  }
}
