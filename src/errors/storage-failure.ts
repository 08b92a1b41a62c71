/** Why the database or the disk failed, for causes outside this server. */
export type StorageFailure = 'disk_full' | 'locked' | 'io_error' | 'damaged' | 'read_only' | 'unreachable';

/** The text of each failure. Health checks show it after the name of the check. */
export const storageFailureTexts: Record<StorageFailure, string> = {
  disk_full: 'disk is full',
  locked: 'locked by another process',
  io_error: 'the disk reports errors',
  damaged: 'damaged',
  read_only: 'cannot be written to',
  unreachable: 'cannot be reached',
};

/** Thrown by our database code for failures that the library does not report with a code of its own. */
export class StorageFailureError extends Error {
  constructor(
    readonly failure: StorageFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'StorageFailureError';
  }
}

/** By prefix: SQLite's extended codes begin with the basic ones. */
const bySqliteCode: readonly [string, StorageFailure][] = [
  ['SQLITE_FULL', 'disk_full'],
  ['SQLITE_BUSY', 'locked'],
  ['SQLITE_LOCKED', 'locked'],
  ['SQLITE_PROTOCOL', 'locked'],
  ['SQLITE_IOERR', 'io_error'],
  ['SQLITE_CANTOPEN', 'io_error'],
  ['SQLITE_CORRUPT', 'damaged'],
  ['SQLITE_NOTADB', 'damaged'],
  ['SQLITE_READONLY', 'read_only'],
];

/** Codes of the file system and of PostgreSQL (its manual, appendix A); classes 08 and 57P are matched below. */
const byCode: Record<string, StorageFailure> = {
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EIO: 'io_error',
  EROFS: 'read_only',
  ECONNREFUSED: 'unreachable',
  '53100': 'disk_full',
  '53300': 'unreachable',
  '55P03': 'locked',
  '57014': 'locked',
  '25006': 'read_only',
  '58030': 'io_error',
  XX001: 'damaged',
  XX002: 'damaged',
};

/** Connection errors that the pg library itself raises have no code. */
const pgConnectionLost = /^(Connection terminated|timeout exceeded when trying to connect)/;

/** Classifies an error. @returns undefined if it is not a failure of the storage */
export function storageFailureOf(error: unknown): StorageFailure | undefined {
  if (error instanceof StorageFailureError) return error.failure;
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code !== 'string') return pgConnectionLost.test(String(message)) ? 'unreachable' : undefined;
  if (code.startsWith('SQLITE_')) return bySqliteCode.find(([prefix]) => code.startsWith(prefix))?.[1];
  return byCode[code] ?? (/^(08|57P)/.test(code) ? 'unreachable' : undefined);
}
