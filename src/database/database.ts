import { Inject, Injectable } from '@nestjs/common';
import { Kysely, Migrator, sql, type Transaction } from 'kysely';
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

/** A transaction on our schema. */
export type Trx = Transaction<Schema>;

/** A value about the database as a whole that changes. */
type StateName = Exclude<Schema['database_state']['name'], 'id'>;

/** The database: SQLite in the data folder, or PostgreSQL. Migrations are applied before any module uses it. */
@Injectable()
export class Database {
  /** For single queries outside a transaction. */
  readonly db: Kysely<Schema>;
  /** null for PostgreSQL and for a database in memory, which have no files to monitor. */
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
      // The simulation uses a database in memory.
      this.#watch = database.file === ':memory:' ? null : new SqliteWatch(file, log);
      this.db = new Kysely<Schema>({ dialect: new SqliteDialect(file, () => this.#watch?.onDamagedPages()) });
    }
  }

  /** Why all writes are refused: the SQLite files were deleted, replaced or damaged while open. Else undefined. */
  get damage(): string | undefined {
    return this.#watch?.damage;
  }

  /** Applies the pending migrations. @throws the database's error if it cannot be reached or changed */
  async migrate(): Promise<void> {
    const { error, results } = await new Migrator({ db: this.db, provider: migrations }).migrateToLatest();
    for (const { migrationName, status } of results ?? []) {
      this.log.info({ migrationName, status }, 'migration');
    }
    if (error instanceof Error) throw error;
    if (error) throw new Error('the migration of the database failed', { cause: error });
    await this.db
      .insertInto('database_state')
      .values({ name: 'id', value: uuid() })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    // The write-ahead log exists from here on. The first check records it, so that a later one notices its loss.
    this.#watch?.check();
  }

  /** The unique id of this database, generated once. Backups have the same id. */
  async id(): Promise<string> {
    const row = await this.db
      .selectFrom('database_state')
      .select('value')
      .where('name', '=', 'id')
      .executeTakeFirstOrThrow();
    return row.value;
  }

  /** Runs `work` in a writing transaction; rolled back if it throws. */
  write<R>(work: (trx: Trx) => Promise<R>): Promise<R> {
    return this.db.transaction().execute(work);
  }

  /** Runs `work` in a read-only transaction: all reads see the same state. SQLite allows one transaction at a time. */
  snapshot<R>(work: (trx: Trx) => Promise<R>): Promise<R> {
    return this.db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(work);
  }

  /** Checks that the database is writable: checks the SQLite files and writes a row. @throws the database's error */
  async probe(): Promise<void> {
    this.#watch?.check();
    await this.writeState('probed_at', new Date().toISOString());
  }

  /** A value that was stored with `writeState`. */
  async readState(name: StateName): Promise<string | undefined> {
    const row = await this.db
      .selectFrom('database_state')
      .select('value')
      .where('name', '=', name)
      .executeTakeFirst();
    return row?.value;
  }

  async writeState(name: StateName, value: string): Promise<void> {
    await this.db
      .insertInto('database_state')
      .values({ name, value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute();
  }

  /** Adds one to a number that was stored with `writeState`, 0 if there is none. @returns the sum */
  async incrementState(name: StateName): Promise<number> {
    const sum = sql<string>`cast(cast(database_state.value as bigint) + 1 as text)`;
    const row = await this.db
      .insertInto('database_state')
      .values({ name, value: '1' })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: sum }))
      .returning('value')
      .executeTakeFirstOrThrow();
    return Number(row.value);
  }

  async close(): Promise<void> {
    await this.#watch?.end();
    await this.db.destroy();
    this.#watch?.release();
  }
}
