import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { StartError } from '../config/settings.js';
import { storageFailureOf } from '../errors/storage-failure.js';

/** Checking takes about 1.3 ms a megabyte; a larger file is looked at only at its ends, so that a start stays short. */
const checkedUpToBytes = 256 * 1024 * 1024;
const headerBytes = 100;

/**
 * Looks at the SQLite file before anything opens it for writing, and changes nothing.
 * @throws {StartError} where it is damaged
 */
export function checkSqlite(file: string): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  const walSize = statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  if (size === undefined || size === 0) {
    // SQLite would make a new database and delete the log of the old one.
    if (walSize > 0) throw damaged(file, `it is ${size === 0 ? 'empty' : 'missing'}, its -wal is not`);
    // A process that was killed at its first start leaves an empty file; the marker is written later.
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
  // Before SQLite has it open: closing a descriptor would drop SQLite's locks.
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, header, 0, headerBytes, 0);
  } finally {
    closeSync(descriptor);
  }
  if (header.toString('latin1', 0, 16) !== 'SQLite format 3\0') return 'it is not an SQLite database';
  // Bytes 16 and 28 of the header: the size of a page, where 1 stands for 65536, and the number of pages.
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const expected = header.readUInt32BE(28) * pageSize;
  // The process may have died while it moved the log into the file: the log then has what is missing.
  if (walSize === 0 && size < expected) return `it is cut off: ${size} of ${expected} bytes`;
  return problemInside(file, size);
}

function problemInside(file: string, size: number): string | undefined {
  let sqlite: BetterSqlite3.Database | undefined;
  try {
    sqlite = new BetterSqlite3(file, { readonly: true });
    if (size > checkedUpToBytes) {
      sqlite.prepare('select count(*) from sqlite_master').get();
      return undefined;
    }
    const [first] = sqlite.pragma('quick_check(1)') as { quick_check: string }[];
    return first?.quick_check === 'ok' ? undefined : first?.quick_check.replaceAll(/\s+/g, ' ').trim();
  } catch (error) {
    // Anything else is not damage; opening it in earnest says what it is.
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
