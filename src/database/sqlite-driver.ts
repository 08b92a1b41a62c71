import type { Statement } from 'better-sqlite3';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  SqliteDialect as KyselyDialect,
  type TransactionSettings,
} from 'kysely';
import { storageFailureOf } from '../errors/storage-failure.js';
import { type ConnectionMutex, LockWait } from './lock-wait.js';
import type { SqliteFile } from './sqlite-file.js';

/** Kysely's dialect for SQLite with the driver below. `onDamaged` is called when SQLite finds its pages damaged. */
export class SqliteDialect extends KyselyDialect {
  constructor(
    private readonly file: SqliteFile,
    private readonly onDamaged: () => void,
  ) {
    // Never called: `createDriver` is overridden.
    super({ database: () => Promise.reject(new Error('the driver opens the database itself')) });
  }

  override createDriver(): Driver {
    return new SqliteDriver(this.file, this.onDamaged);
  }
}

/**
 * One connection behind a mutex, like Kysely's own driver, with these differences: `begin`, `commit` and `rollback` are
 * prepared statements; a writing transaction locks the database from its beginning (`begin immediate`), so that what it
 * read cannot change before it writes; waiting for a lock of another process does not block the event loop.
 */
class SqliteDriver implements Driver {
  readonly #mutex = new Mutex();
  readonly #lock = new LockWait();
  readonly #connection: SqliteConnection;
  readonly #beginRead: Statement;
  readonly #beginWrite: Statement;
  readonly #commit: Statement;
  readonly #rollback: Statement;

  constructor(
    private readonly file: SqliteFile,
    onDamaged: () => void,
  ) {
    this.#connection = new SqliteConnection(file, this.#lock, this.#mutex, onDamaged);
    this.#beginRead = file.prepare('begin');
    this.#beginWrite = file.prepare('begin immediate');
    this.#commit = file.prepare('commit');
    this.#rollback = file.prepare('rollback');
  }

  init(): Promise<void> {
    return Promise.resolve();
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    await this.#mutex.lock();
    return this.#connection;
  }

  releaseConnection(): Promise<void> {
    this.#mutex.unlock();
    return Promise.resolve();
  }

  async beginTransaction(_: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    if (settings.accessMode === 'read only') {
      this.#beginRead.run();
      return;
    }
    const begin = () => this.#beginWrite.run();
    if (this.#lock.busy) {
      await this.#lock.retry(this.#mutex, begin);
      return;
    }
    try {
      begin();
    } catch (error) {
      if (storageFailureOf(error) !== 'locked') throw error;
      await this.#lock.retry(this.#mutex, begin);
    }
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- async, so that an exception becomes a rejection
  async commitTransaction(): Promise<void> {
    this.#commit.run();
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async rollbackTransaction(): Promise<void> {
    // SQLite has already rolled back if the disk is full; a failing rollback would hide the original error.
    if (this.file.inTransaction) this.#rollback.run();
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- as above
  async destroy(): Promise<void> {
    this.file.close();
  }
}

class SqliteConnection implements DatabaseConnection {
  constructor(
    private readonly file: SqliteFile,
    private readonly lock: LockWait,
    private readonly mutex: ConnectionMutex,
    private readonly onDamaged: () => void,
  ) {}

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const execute = (): QueryResult<R> => {
      const statement = this.file.prepare(sql);
      if (statement.reader) return { rows: statement.all(parameters) as R[] };
      const { changes, lastInsertRowid } = statement.run(parameters);
      return { numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid), rows: [] };
    };
    try {
      return execute();
    } catch (error) {
      const failure = storageFailureOf(error);
      if (failure === 'damaged') this.onDamaged();
      // No retry inside a transaction: releasing the mutex would let other queries run in it. (A writing transaction
      // holds the lock already.)
      if (failure !== 'locked' || this.file.inTransaction) throw error;
      return this.lock.retry(this.mutex, execute);
    }
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('queries are not streamed');
  }
}

/** Does not guarantee first come, first served; room changes are ordered by `KeyedLock`. */
class Mutex implements ConnectionMutex {
  #locked: Promise<void> | undefined;
  #release: (() => void) | undefined;

  async lock(): Promise<void> {
    while (this.#locked) await this.#locked;
    this.#locked = new Promise((resolve) => (this.#release = resolve));
  }

  unlock(): void {
    const release = this.#release;
    this.#locked = undefined;
    this.#release = undefined;
    release?.();
  }
}
