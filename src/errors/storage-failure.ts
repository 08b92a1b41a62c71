/** Why the database or the disk did not do what was asked of it, where the cause lies outside of this server. */
export type StorageFailure = 'disk_full' | 'locked' | 'io_error' | 'damaged' | 'read_only' | 'unreachable';

/** Each failure in words that follow on "the database: " or "the data folder: ". */
export const storageFailureTexts: Record<StorageFailure, string> = {
  disk_full: 'disk is full',
  locked: 'locked by another process',
  io_error: 'the disk reports errors',
  damaged: 'damaged',
  read_only: 'cannot be written to',
  unreachable: 'cannot be reached',
};

/** Thrown by the database itself, where no library error says what is wrong. */
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

/** By the beginning of the code: SQLite's extended codes add to the basic ones. */
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

/** Of the file system, and of PostgreSQL (its manual, appendix A); class 08 and 57P are added below. */
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

/** pg gives its own connection errors no code. */
const pgConnectionLost = /^(Connection terminated|timeout exceeded when trying to connect)/;

/** @returns undefined for anything that is not a failure of the storage, faults of this server among them */
export function storageFailureOf(error: unknown): StorageFailure | undefined {
  if (error instanceof StorageFailureError) return error.failure;
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code !== 'string') return pgConnectionLost.test(String(message)) ? 'unreachable' : undefined;
  if (code.startsWith('SQLITE_')) return bySqliteCode.find(([prefix]) => code.startsWith(prefix))?.[1];
  return byCode[code] ?? (/^(08|57P)/.test(code) ? 'unreachable' : undefined);
}
