import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';

/** A limit in case of an unexpected number of different SQL texts: beyond it the cache is cleared. */
const maxPrepared = 500;

/** The open SQLite database: its one connection and a cache of prepared statements. Owned by the driver. */
export class SqliteFile {
  readonly #sqlite: BetterSqlite3.Database;
  /** By SQL text. Kysely's own driver would prepare the statement for each execution. */
  readonly #prepared = new Map<string, BetterSqlite3.Statement>();

  constructor(
    readonly path: string,
    sync: 'normal' | 'full',
  ) {
    mkdirSync(dirname(path), { recursive: true });
    this.#sqlite = new BetterSqlite3(path, { timeout: 5000 });
    this.#sqlite.pragma('journal_mode = WAL');
    this.#sqlite.pragma(`synchronous = ${sync}`);
    this.#sqlite.pragma('foreign_keys = ON');
    // SQLite's busy timeout blocks the event loop; from here on `LockWait` waits for locks instead.
    this.#sqlite.pragma('busy_timeout = 0');
  }

  prepare(sql: string): BetterSqlite3.Statement {
    const cached = this.#prepared.get(sql);
    if (cached) return cached;
    if (this.#prepared.size >= maxPrepared) this.#prepared.clear();
    const statement = this.#sqlite.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }

  get inTransaction(): boolean {
    return this.#sqlite.inTransaction;
  }

  /** From here on every write fails with SQLITE_READONLY; reads still work. */
  refuseWrites(): void {
    this.#sqlite.pragma('query_only = ON');
  }

  /** Moves the whole write-ahead log into the main file. */
  checkpoint(): void {
    this.#sqlite.pragma('wal_checkpoint(TRUNCATE)');
  }

  /** Copies the database as this connection sees it, in small steps that do not block the event loop. */
  async copyTo(path: string): Promise<void> {
    await this.#sqlite.backup(path);
  }

  close(): void {
    this.#sqlite.close();
  }
}
