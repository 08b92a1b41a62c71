import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import {
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  PostgresAdapter,
  PostgresDialect,
  type SqliteDatabase,
  SqliteDialect,
  SqliteDriver,
  type SqliteStatement,
  type TransactionSettings,
} from 'kysely';
import pg from 'pg';
import type { Settings } from '../config/settings.js';
import type { Schema } from './schema.js';

export function makeDialect(database: Settings['database'], onPoolError: (error: Error) => void): Dialect {
  return database.kind === 'sqlite'
    ? new OwnSqliteDialect(openSqlite(database))
    : new PostgresDialect({ pool: openPostgres(database.url, onPoolError) });
}

/** What Kysely asks of SQLite, and whether a transaction has begun. */
type OwnSqlite = SqliteDatabase & { readonly inTransaction: boolean };

class OwnSqliteDialect extends SqliteDialect {
  constructor(private readonly database: OwnSqlite) {
    super({ database });
  }

  override createDriver(): Driver {
    return new OwnSqliteDriver(this.database);
  }
}

/**
 * Has a query hold the rows that it reads until its transaction ends; what is read is then what is changed. In SQLite
 * a transaction that is to write holds the whole database from its beginning.
 */
export function held<Query extends { forNoKeyUpdate(): Query }>(db: Kysely<Schema>, query: Query): Query {
  return db.getExecutor().adapter instanceof PostgresAdapter ? query.forNoKeyUpdate() : query;
}

/* eslint-disable @typescript-eslint/require-await -- what is thrown has to reject */
/**
 * Begins and ends transactions by statements that are there already; Kysely's makes a query of its own each time.
 * A transaction that is to write has the right to from its beginning, so that what it reads first holds.
 */
class OwnSqliteDriver extends SqliteDriver {
  readonly #beginRead: SqliteStatement;
  readonly #beginWrite: SqliteStatement;
  readonly #commit: SqliteStatement;
  readonly #rollback: SqliteStatement;

  constructor(private readonly database: OwnSqlite) {
    super({ database });
    this.#beginRead = database.prepare('begin');
    this.#beginWrite = database.prepare('begin immediate');
    this.#commit = database.prepare('commit');
    this.#rollback = database.prepare('rollback');
  }

  override async beginTransaction(_: DatabaseConnection, settings?: TransactionSettings): Promise<void> {
    const begin = settings?.accessMode === 'read only' ? this.#beginRead : this.#beginWrite;
    begin.run([]);
  }

  override async commitTransaction(): Promise<void> {
    this.#commit.run([]);
  }

  override async rollbackTransaction(): Promise<void> {
    // A disk that is full has it rolled back already; what failed is to be told, and not this.
    if (this.database.inTransaction) this.#rollback.run([]);
  }
}
/* eslint-enable @typescript-eslint/require-await */

function openSqlite({ file, sync }: { file: string; sync: 'normal' | 'full' }): OwnSqlite {
  mkdirSync(dirname(file), { recursive: true });
  const sqlite = new BetterSqlite3(file, { timeout: 5000 });
  sqlite.pragma('journal_mode = WAL');
  sqlite.pragma(`synchronous = ${sync}`);
  sqlite.pragma('foreign_keys = ON');
  // Kysely prepares every query anew; its texts are few, so the prepared ones are kept.
  const statements = new Map<string, BetterSqlite3.Statement>();
  const limit = 500;
  return {
    prepare(text: string): BetterSqlite3.Statement {
      const known = statements.get(text);
      if (known) return known;
      if (statements.size >= limit) statements.clear();
      const statement = sqlite.prepare(text);
      statements.set(text, statement);
      return statement;
    },
    get inTransaction() {
      return sqlite.inTransaction;
    },
    close: () => void sqlite.close(),
  };
}

function openPostgres(url: string, onPoolError: (error: Error) => void): pg.Pool {
  const asNumber = (text: string) => Number(text);
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 5000,
    statement_timeout: 15_000,
    types: {
      // Counts and sizes come as int8; all of ours are far below 2^53.
      getTypeParser: (oid, format) =>
        oid === pg.types.builtins.INT8 ? asNumber : (pg.types.getTypeParser(oid, format) as typeof asNumber),
    },
  });
  // Without a listener an idle connection's end would be the process's.
  pool.on('error', onPoolError);
  return pool;
}
