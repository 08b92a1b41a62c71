import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RepeatedFailures } from './repeated-failures.js';

describe('log lines about a failure of the storage', () => {
  const full = { err: Object.assign(new Error('no space'), { code: 'SQLITE_FULL' }) };
  const busy = { err: Object.assign(new Error('locked'), { code: 'SQLITE_BUSY' }) };
  let written: unknown[][];
  let log: (...args: unknown[]) => void;
  beforeEach(() => {
    jest.useFakeTimers();
    written = [];
    const repeated = new RepeatedFailures();
    log = (...args) => repeated.log(args, (...line) => written.push(line));
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('are written once, and then once a minute with the number of suppressed lines', () => {
    for (let i = 0; i < 100; i += 1) log(full, 'request failed');
    expect(written).toEqual([[full, 'request failed']]);
    jest.advanceTimersByTime(60_000);
    expect(written.splice(0)).toHaveLength(2);
    for (let i = 0; i < 5; i += 1) log(full, 'request failed');
    jest.advanceTimersByTime(60_000);
    expect(written.splice(0)).toEqual([[{ failure: 'disk_full', repeated: 5 }, 'request failed']]);
    jest.advanceTimersByTime(60_000);
    log(full, 'request failed');
    expect(written).toEqual([[full, 'request failed']]);
  });

  it('are counted separately for each text and kind of failure', () => {
    for (const fields of [full, busy]) for (const text of ['a', 'b', 'a', 'b']) log(fields, text);
    expect(written).toEqual([
      [full, 'a'],
      [full, 'b'],
      [busy, 'a'],
      [busy, 'b'],
    ]);
  });

  it('do not suppress any other line', () => {
    for (let i = 0; i < 3; i += 1) {
      log({ err: new TypeError('no') }, 'request failed');
      log('plain text');
      log({ room_id: 'x' });
    }
    expect(written).toHaveLength(9);
  });
});
