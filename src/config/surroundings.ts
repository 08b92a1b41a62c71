import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import pg from 'pg';
import { storageFailureOf } from '../errors/storage-failure.js';
import { redacted, type Settings, SettingError } from './settings.js';

/**
 * What the settings name has to be there before anything is started: the data folder, the database.
 * @throws {SettingError} at the first that is not
 */
export async function checkSurroundings({ dataDir, database }: Settings): Promise<void> {
  try {
    mkdirSync(dataDir, { recursive: true });
    accessSync(dataDir, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new SettingError('DATA_DIR', dataDir, `a folder that can be written to (${textOf(error)})`);
  }
  holdAlone(dataDir);
  if (database.kind !== 'postgres') return;
  const client = new pg.Client({ connectionString: database.url, connectionTimeoutMillis: 5000 });
  try {
    await client.connect();
    await client.query('select 1');
  } catch (error) {
    throw new SettingError(
      'DATABASE_URL',
      redacted(database.url),
      `a database that answers (${textOf(error)})`,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** How long an earlier server may take to end, in milliseconds. */
const handOver = 3000;
/** Never closed: they are held for as long as the process lives. */
const held = new Set<BetterSqlite3.Database>();

/**
 * Keeps other servers off the data folder: they would empty its uploads and close its presence. SQLite's lock on a
 * file is the operating system's, which lets it go however the process ends.
 * @throws {SettingError} where another has it
 */
function holdAlone(dataDir: string): void {
  const lock = new BetterSqlite3(join(dataDir, 'lock'), { timeout: handOver });
  try {
    lock.pragma('locking_mode = exclusive');
    lock.exec('begin exclusive; commit');
  } catch (error) {
    lock.close();
    const allowed =
      storageFailureOf(error) === 'locked'
        ? 'a folder that no other server uses'
        : 'a folder that can be written to';
    throw new SettingError('DATA_DIR', dataDir, `${allowed} (${textOf(error)})`);
  }
  held.add(lock);
}

/** What the port and the address cannot be used for, as a setting that is wrong; other errors as they are. */
export function listeningError(error: unknown, { port, host }: Settings): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE' || code === 'EACCES') {
    return new SettingError('PORT', String(port), `a port that is free (${code})`);
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
