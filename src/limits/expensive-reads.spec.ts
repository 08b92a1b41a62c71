import { describe, expect, it } from '@jest/globals';
import { readSettings } from '../config/settings.js';
import { Problem } from '../errors/problem.js';
import {
  ExpensiveReads,
  maxExecuting,
  maxWaiting,
  maxWaitingPerAddress,
  maxWaitingPerUser,
  type Reader,
} from './expensive-reads.js';

/** Jobs that the test ends, and the order in which they started. */
class Jobs {
  readonly started: string[] = [];
  readonly #ends = new Map<string, () => void>();

  readonly of = (name: string) => () =>
    new Promise<string>((resolve) => {
      this.started.push(name);
      this.#ends.set(name, () => resolve(name));
    });

  end(name: string): void {
    this.#ends.get(name)!();
  }
}

/** A user at the address at which all are, unless told otherwise. */
const at = (userId: string, address = '192.0.2.1'): Reader => ({ userId, address });

const turns = async (count = 20) => {
  for (let i = 0; i < count; i += 1) await new Promise((resolve) => setImmediate(resolve));
};
/** Waits until `count` reads have started: they may be delayed by the pause after a slow read. */
const startOf = async (jobs: Jobs, count: number) => {
  const end = performance.now() + 5000;
  while (jobs.started.length < count && performance.now() < end) await new Promise((r) => setTimeout(r, 1));
};
const make = (env = {}) => ({ reads: new ExpensiveReads(readSettings(env)), jobs: new Jobs() });

describe('expensive reads', () => {
  it('of one user run one after the other, in order', async () => {
    const { reads, jobs } = make();
    const all = ['a1', 'a2', 'a3'].map((name) => reads.run(at('a'), jobs.of(name)));
    await turns();
    expect(jobs.started).toEqual(['a1']);
    for (const [index, name] of ['a1', 'a2', 'a3'].entries()) {
      await startOf(jobs, index + 1);
      expect(jobs.started).toEqual(['a1', 'a2', 'a3'].slice(0, index + 1));
      jobs.end(name);
      await turns();
    }
    expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3']);
  });

  it('take turns between the users of an address, however many reads one user has waiting', async () => {
    const { reads, jobs } = make();
    for (const name of ['a1', 'a2', 'a3']) void reads.run(at('a'), jobs.of(name));
    const others = Array.from({ length: maxExecuting }, (_, index) => `b${index}`);
    for (const name of others) void reads.run(at(name), jobs.of(name));
    await startOf(jobs, maxExecuting);
    // The last of the others waits: `maxExecuting` reads are running.
    expect(jobs.started).toEqual(['a1', ...others.slice(0, -1)]);
    jobs.end('a1');
    await startOf(jobs, 5);
    expect(jobs.started.at(-1)).toBe('a2');
    jobs.end('a2');
    await startOf(jobs, 6);
    expect(jobs.started.at(-1)).toBe(others.at(-1));
    jobs.end('b0');
    await startOf(jobs, 7);
    expect(jobs.started.at(-1)).toBe('a3');
  });

  it('take turns between addresses, however many users one address has', async () => {
    const { reads, jobs } = make();
    for (let i = 0; i < 50; i += 1) void reads.run(at(`a${i}`), jobs.of(`a${i}`));
    void reads.run(at('b', '192.0.2.2'), jobs.of('b'));
    await startOf(jobs, maxExecuting);
    expect(jobs.started).toEqual(['a0', 'a1', 'b', 'a2']);
  });

  it('pause after a slow read for as long as it took', async () => {
    const { reads, jobs } = make();
    void reads.run(at('a'), jobs.of('first'));
    void reads.run(at('a'), jobs.of('second'));
    const startedAt = performance.now();
    while (performance.now() - startedAt < 50) await turns(1);
    jobs.end('first');
    const ended = performance.now();
    await turns(3);
    expect(jobs.started).toEqual(['first']);
    await startOf(jobs, 2);
    expect(performance.now() - ended).toBeGreaterThan(40);
    jobs.end('second');
  });

  it('start in separate turns of the event loop', async () => {
    const { reads } = make();
    const log: string[] = [];
    const read = (name: string) => reads.run(at(name), () => Promise.resolve(void log.push(name)));
    const done = Promise.all([read('a'), read('b'), read('c')]);
    setImmediate(function note() {
      log.push('loop');
      if (log.length < 12) setImmediate(note);
    });
    await done;
    expect(log.slice(log.indexOf('b') + 1, log.indexOf('c'))).toContain('loop');
  });

  it('are refused with rate_limited if their user has too many waiting; other users are not affected', async () => {
    const { reads, jobs } = make();
    void reads.run(at('a'), jobs.of('a'));
    for (let i = 0; i < maxWaitingPerUser; i += 1) void reads.run(at('a'), jobs.of(`a${i}`));
    await expect(reads.run(at('a'), jobs.of('more'))).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfterSeconds: 1,
    });
    void reads.run(at('b'), jobs.of('b'));
    await turns();
    expect(jobs.started).toEqual(['a', 'b']);
  });

  /** As many reads as may run at a time, which do not end: all others wait. */
  const makeBusy = async () => {
    const { reads, jobs } = make();
    for (let i = 0; i < maxExecuting; i += 1) void reads.run(at(`${i}`, '192.0.2.9'), jobs.of(`${i}`));
    await startOf(jobs, maxExecuting);
    return { reads, jobs };
  };
  /** Reads of users with `maxWaitingPerUser` reads each; `codes` has the error codes of those that were evicted. */
  const fill = (reads: ExpensiveReads, jobs: Jobs, count: number, address = '192.0.2.1') => {
    const codes: string[] = [];
    for (let i = 0; i < count; i += 1) {
      const user = `${address}: ${Math.floor(i / maxWaitingPerUser)}`;
      reads
        .run(at(user, address), jobs.of(`${user}, ${i}`))
        .catch((error: Problem) => codes.push(error.code));
    }
    return codes;
  };
  const outcome = (read: Promise<unknown>) =>
    Promise.race([
      read.then(
        () => 'done',
        (error: Problem) => error.code,
      ),
      turns(5).then(() => 'waiting'),
    ]);

  it('of a user without any replace the newest of the user with the most, if too many of the address wait', async () => {
    const { reads, jobs } = await makeBusy();
    const evicted = fill(reads, jobs, maxWaitingPerAddress);
    expect(await outcome(reads.run(at('b'), jobs.of('b')))).toBe('waiting');
    expect(evicted).toEqual(['rate_limited']);
  });

  it('are refused with rate_limited if too many of the address wait and no user has more', async () => {
    const { reads, jobs } = await makeBusy();
    for (let i = 0; i < maxWaitingPerAddress; i += 1) void reads.run(at(`a${i}`), jobs.of(`a${i}`));
    expect(await outcome(reads.run(at('c'), jobs.of('c')))).toBe('rate_limited');
    expect(await outcome(reads.run(at('c', '192.0.2.2'), jobs.of('c')))).toBe('waiting');
  });

  it('replace one of the address with the most, if too many wait in total', async () => {
    const { reads, jobs } = await makeBusy();
    const first = fill(reads, jobs, maxWaitingPerAddress, '192.0.2.1');
    const second = fill(reads, jobs, maxWaiting - maxWaitingPerAddress, '192.0.2.2');
    for (const userId of ['b', 'c']) {
      expect(await outcome(reads.run(at(userId, '192.0.2.3'), jobs.of(userId)))).toBe('waiting');
    }
    expect([first, second]).toEqual([['unavailable', 'unavailable'], []]);
  });

  it('continue after one that rejects or throws', async () => {
    const { reads } = make();
    const failing = reads.run(at('a'), () => Promise.reject(new Problem('room_not_found', 'gone')));
    const throwing = reads.run(at('a'), () => {
      throw new Error('broken');
    });
    await expect(failing).rejects.toMatchObject({ code: 'room_not_found' });
    await expect(throwing).rejects.toThrow('broken');
    expect(await reads.run(at('a'), () => Promise.resolve(1))).toBe(1);
  });
});
