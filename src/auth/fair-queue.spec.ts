import { describe, expect, it } from '@jest/globals';
import { FairQueue } from './fair-queue.js';

/** Jobs that end when they are told to, in the order in which they began. */
function makeJobs(queue: FairQueue) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const outcomes = new Map<string, 'done' | 'refused'>();
  const start = (key: string, name: string) =>
    queue
      .run(key, () => {
        begun.push(name);
        return new Promise<void>((resolve) => ends.set(name, resolve));
      })
      .then(
        () => outcomes.set(name, 'done'),
        () => outcomes.set(name, 'refused'),
      );
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    begun,
    outcomes,
    async start(key: string, ...names: string[]) {
      for (const name of names) void start(key, name);
      await settle();
    },
    async end(name: string) {
      ends.get(name)!();
      await settle();
    },
  };
}
const make = () => new FairQueue({ maxRunning: 2, maxWaiting: 4 }, () => new Error('full'));

describe('a fair queue', () => {
  it('runs so many at once, and the others as places become free', async () => {
    const jobs = makeJobs(make());
    await jobs.start('a', 'a1', 'a2', 'a3');
    expect(jobs.begun).toEqual(['a1', 'a2']);
    await jobs.end('a2');
    expect(jobs.begun).toEqual(['a1', 'a2', 'a3']);
    await jobs.end('a1');
    await jobs.end('a3');
    await jobs.start('b', 'b1', 'b2', 'b3');
    expect(jobs.begun.slice(3)).toEqual(['b1', 'b2']);
  });

  it('gives keys turns, each in its own order', async () => {
    const jobs = makeJobs(make());
    await jobs.start('a', 'a1', 'a2', 'a3', 'a4', 'a5');
    await jobs.start('b', 'b1');
    for (const name of ['a1', 'a2', 'a3', 'b1']) await jobs.end(name);
    expect(jobs.begun).toEqual(['a1', 'a2', 'a3', 'b1', 'a4', 'a5']);
  });

  it('refuses the newest of the key that has most, for one that has fewer', async () => {
    const jobs = makeJobs(make());
    await jobs.start('a', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7');
    expect([...jobs.outcomes]).toEqual([['a7', 'refused']]);
    await jobs.start('b', 'b1', 'b2', 'b3');
    expect([...jobs.outcomes.keys()].sort()).toEqual(['a5', 'a6', 'a7', 'b3']);
    await jobs.start('c', 'c1');
    expect(jobs.outcomes.size).toBe(5);
    for (const name of ['a1', 'a2']) await jobs.end(name);
    expect(jobs.begun).toEqual(['a1', 'a2', 'a3', 'b1']);
  });

  it('goes on after a job that fails', async () => {
    const queue = make();
    const failures = [1, 2, 3].map(() => queue.run('a', () => Promise.reject(new Error('failed'))));
    for (const failure of failures) await expect(failure).rejects.toThrow('failed');
    expect(await queue.run('a', () => Promise.resolve(7))).toBe(7);
  });
});
