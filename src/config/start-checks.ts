import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import pg from 'pg';
import { storageFailureOf } from '../errors/storage-failure.js';
import { redacted, type Settings, SettingError } from './settings.js';

/**
 * Checks before the application starts that the data folder is writable and not used by another server, and that
 * PostgreSQL answers, if it is configured. Locks the data folder for the life of the process.
 * @throws {SettingError} for the first check that fails
 */
export async function checkResources({ dataDir, database }: Settings): Promise<void> {
  try {
    mkdirSync(dataDir, { recursive: true });
    accessSync(dataDir, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new SettingError('DATA_DIR', dataDir, `a writable folder (${textOf(error)})`);
  }
  lockDataDir(dataDir);
  if (database.kind !== 'postgres') return;
  const client = new pg.Client({ connectionString: database.url, connectionTimeoutMillis: 5000 });
  try {
    await client.connect();
    await client.query('select 1');
  } catch (error) {
    throw new SettingError(
      'DATABASE_URL',
      redacted(database.url),
      `a database that accepts connections (${textOf(error)})`,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Long enough for an earlier server that is shutting down to release the lock. */
const lockTimeoutMs = 3000;
/** References that keep the locks open until the process ends; a collected database would release its lock. */
const locks = new Set<BetterSqlite3.Database>();

/**
 * Prevents a second server from using the data folder: at its start it would delete this server's uploads in progress
 * and its users' presence. SQLite's exclusive lock is a lock of the operating system, which releases it however the
 * process ends.
 * @throws {SettingError} if another process holds the lock
 */
function lockDataDir(dataDir: string): void {
  const lock = new BetterSqlite3(join(dataDir, 'lock'), { timeout: lockTimeoutMs });
  try {
    lock.pragma('locking_mode = exclusive');
    lock.exec('begin exclusive; commit');
  } catch (error) {
    lock.close();
    const allowed =
      storageFailureOf(error) === 'locked' ? 'a folder that no other server uses' : 'a writable folder';
    throw new SettingError('DATA_DIR', dataDir, `${allowed} (${textOf(error)})`);
  }
  locks.add(lock);
}

/** Converts an error of `listen` that `PORT` or `HOST` caused into a SettingError; returns any other error unchanged. */
export function listeningError(error: unknown, { port, host }: Settings): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE' || code === 'EACCES') {
    return new SettingError('PORT', String(port), `a free port (${code})`);
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new SettingError('HOST', host, `an address of this machine (${code})`);
  }
  return error;
}

const textOf = (error: unknown): string =>
  error instanceof AggregateError
    ? error.errors.map((one: unknown) => String((one as Error).message)).join('; ')
    : error instanceof Error
      ? error.message.split('\n')[0]!
      : String(error);
