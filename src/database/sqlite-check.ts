import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { StartError } from '../config/settings.js';
import { storageFailureOf } from '../errors/storage-failure.js';

/** Checking takes about 1.3 ms per MB. Of a larger file only header, length and schema are checked, to start quickly. */
const maxCheckedBytes = 256 * 1024 * 1024;
const headerBytes = 100;

/**
 * Checks the SQLite file for damage before it is opened for writing. Changes nothing.
 * @throws {StartError} if it is damaged
 */
export function checkSqlite(file: string): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  const walSize = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (size === undefined || size === 0) {
    // SQLite would create a new database and delete the write-ahead log of the old one.
    if (walSize > 0) throw damaged(file, `it is ${size === 0 ? 'empty' : 'missing'}, its -wal is not`);
    // An empty file without the marker is no damage: the process was killed during its first start.
    if (size === 0 && statSync(markerOf(file), { throwIfNoEntry: false })) throw damaged(file, 'it is empty');
    return;
  }
  const problem = problemOf(file, size, walSize);
  if (problem !== undefined) throw damaged(file, problem);
}

/** See `DatabaseIdentity`. */
const markerOf = (file: string): string => join(dirname(file), 'database-id');

function problemOf(file: string, size: number, walSize: number): string | undefined {
  const header = Buffer.alloc(headerBytes);
  // Only safe before SQLite opens the file: closing any descriptor of it would release SQLite's locks (POSIX).
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, header, 0, headerBytes, 0);
  } finally {
    closeSync(descriptor);
  }
  if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0') return 'it is not an SQLite database';
  // Header: page size at byte 16 (1 means 65536), number of pages at byte 28.
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const expected = header.readUInt32BE(28) * pageSize;
  // With a write-ahead log the file may be shorter: the process died during a checkpoint, and the log has the rest.
  if (walSize === 0 && size < expected) return `it is truncated: ${size} of ${expected} bytes`;
  return contentProblemOf(file, size);
}

function contentProblemOf(file: string, size: number): string | undefined {
  let sqlite: BetterSqlite3.Database | undefined;
  try {
    sqlite = new BetterSqlite3(file, { readonly: true });
    if (size > maxCheckedBytes) {
      sqlite.prepare('select count(*) from sqlite_master').get();
      return undefined;
    }
    const [first] = sqlite.pragma('quick_check(1)') as { quick_check: string }[];
    return first?.quick_check === 'ok' ? undefined : first?.quick_check.replaceAll(/\s+/g, ' ').trim();
  } catch (error) {
    // Not damage: opening the database for use reports it.
    if (storageFailureOf(error) !== 'damaged') return undefined;
    return (error as Error).message;
  } finally {
    sqlite?.close();
  }
}

const damaged = (file: string, what: string): StartError =>
  new StartError(
    `the database ${file} is damaged: ${what}. Nothing was changed. ` +
      'Move it away together with its -wal and -shm files, restore a backup of it, and start again',
  );
