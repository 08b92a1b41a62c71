import { describe, expect, it } from '@jest/globals';
import { asProblem } from './as-problem.js';
import { StorageFailureError, storageFailureOf } from './storage-failure.js';

const withCode = (code: string, message = 'no') => Object.assign(new Error(message), { code });

describe('storageFailureOf', () => {
  it.each([
    ['SQLITE_FULL', 'disk_full'],
    ['ENOSPC', 'disk_full'],
    ['EDQUOT', 'disk_full'],
    ['53100', 'disk_full'],
    ['SQLITE_BUSY', 'locked'],
    ['SQLITE_BUSY_SNAPSHOT', 'locked'],
    ['SQLITE_IOERR_SHORT_READ', 'io_error'],
    ['EIO', 'io_error'],
    ['SQLITE_CORRUPT_INDEX', 'damaged'],
    ['SQLITE_NOTADB', 'damaged'],
    ['SQLITE_READONLY', 'read_only'],
    ['08006', 'unreachable'],
    ['57P01', 'unreachable'],
  ] as const)('maps the code %s to %s, which is answered with 503 unavailable', (code, failure) => {
    expect(storageFailureOf(withCode(code))).toBe(failure);
    expect(asProblem(withCode(code))).toMatchObject({ code: 'unavailable', status: 503 });
  });

  it('recognises a lost connection to PostgreSQL and a StorageFailureError, which have no code', () => {
    expect(storageFailureOf(new Error('Connection terminated unexpectedly'))).toBe('unreachable');
    expect(storageFailureOf(new StorageFailureError('locked', 'no'))).toBe('locked');
  });

  it.each([
    withCode('SQLITE_CONSTRAINT_UNIQUE'),
    withCode('SQLITE_ERROR'),
    withCode('23505'),
    withCode('ECONNRESET'),
    new TypeError('no'),
    'no',
    undefined,
  ])('returns undefined for other errors, which are answered with 500 internal (%p)', (error) => {
    expect(storageFailureOf(error)).toBeUndefined();
    expect(asProblem(error)).toMatchObject({ code: 'internal', status: 500 });
  });
});
