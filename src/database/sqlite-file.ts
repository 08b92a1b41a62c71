import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';

/** Texts of queries are few; beyond this many the prepared ones are dropped. */
const preparedLimit = 500;

/** The open SQLite database: its one connection, and the statements prepared on it. */
export class SqliteFile {
  readonly #sqlite: BetterSqlite3.Database;
  /** Kysely prepares every query anew. */
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
    // SQLite's own waiting for a lock blocks the event loop; LockWait does it from here on.
    this.#sqlite.pragma('busy_timeout = 0');
  }

  prepare(text: string): BetterSqlite3.Statement {
    const known = this.#prepared.get(text);
    if (known) return known;
    if (this.#prepared.size >= preparedLimit) this.#prepared.clear();
    const statement = this.#sqlite.prepare(text);
    this.#prepared.set(text, statement);
    return statement;
  }

  get inTransaction(): boolean {
    return this.#sqlite.inTransaction;
  }

  /** Every write fails with SQLITE_READONLY from here on; reads go on. */
  refuseWrites(): void {
    this.#sqlite.pragma('query_only = ON');
  }

  /** Moves all of the write-ahead log into the main file. */
  checkpoint(): void {
    this.#sqlite.pragma('wal_checkpoint(TRUNCATE)');
  }

  /** Copies the database as this connection sees it, a few pages at a time. */
  async copyTo(path: string): Promise<void> {
    await this.#sqlite.backup(path);
  }

  close(): void {
    this.#sqlite.close();
  }
}
