import { describe, expect, it } from '@jest/globals';
import { readSettings } from '../config/settings.js';
import { Problem } from '../errors/problem.js';
import { ExpensiveReads, maxExecuting, maxWaiting, maxWaitingPerUser } from './expensive-reads.js';

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
    const all = ['a1', 'a2', 'a3'].map((name) => reads.run('a', jobs.of(name)));
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

  it('take turns between users, however many reads one user has waiting', async () => {
    const { reads, jobs } = make();
    for (const name of ['a1', 'a2', 'a3']) void reads.run('a', jobs.of(name));
    const others = Array.from({ length: maxExecuting }, (_, index) => `b${index}`);
    for (const name of others) void reads.run(name, jobs.of(name));
    await turns();
    // The last of the others waits: `maxExecuting` reads are running.
    expect(jobs.started).toEqual(['a1', ...others.slice(0, -1)]);
    jobs.end('a1');
    await startOf(jobs, 5);
    expect(jobs.started.at(-1)).toBe(others.at(-1));
    jobs.end('b0');
    await startOf(jobs, 6);
    expect(jobs.started.at(-1)).toBe('a2');
  });

  it('pause after a slow read for as long as it took', async () => {
    const { reads, jobs } = make();
    void reads.run('a', jobs.of('first'));
    void reads.run('a', jobs.of('second'));
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
    const read = (name: string) => reads.run(name, () => Promise.resolve(void log.push(name)));
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
    void reads.run('a', jobs.of('a'));
    for (let i = 0; i < maxWaitingPerUser; i += 1) void reads.run('a', jobs.of(`a${i}`));
    expect(() => reads.run('a', jobs.of('more'))).toThrow(
      expect.objectContaining({ code: 'rate_limited', retryAfterSeconds: 1 }),
    );
    void reads.run('b', jobs.of('b'));
    await turns();
    expect(jobs.started).toEqual(['a', 'b']);
  });

  it('are refused with unavailable for every user if too many wait in total', () => {
    const { reads, jobs } = make();
    for (let i = 0; i < maxWaiting + 1; i += 1) void reads.run(`user ${i}`, jobs.of(`${i}`));
    expect(() => reads.run('another', jobs.of('x'))).toThrow(
      expect.objectContaining({ code: 'unavailable' }),
    );
  });

  it('continue after one that rejects or throws', async () => {
    const { reads } = make();
    const failing = reads.run('a', () => Promise.reject(new Problem('room_not_found', 'gone')));
    const throwing = reads.run('a', () => {
      throw new Error('broken');
    });
    await expect(failing).rejects.toMatchObject({ code: 'room_not_found' });
    await expect(throwing).rejects.toThrow('broken');
    expect(await reads.run('a', () => Promise.resolve(1))).toBe(1);
  });
});
