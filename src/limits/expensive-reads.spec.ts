import { describe, expect, it } from '@jest/globals';
import { readSettings } from '../config/settings.js';
import { Problem } from '../errors/problem.js';
import { ExpensiveReads, maxExecuting, maxWaiting, maxWaitingPerUser } from './expensive-reads.js';

/** Work that ends when it is told to, and the order in which it began. */
class Works {
  readonly begun: string[] = [];
  readonly #ends = new Map<string, () => void>();

  readonly of = (name: string) => () =>
    new Promise<string>((resolve) => {
      this.begun.push(name);
      this.#ends.set(name, () => resolve(name));
    });

  end(name: string): void {
    this.#ends.get(name)!();
  }
}

const turns = async (count = 20) => {
  for (let i = 0; i < count; i += 1) await new Promise((resolve) => setImmediate(resolve));
};
/** A read that took a while is followed by a pause. */
const beginning = async (works: Works, count: number) => {
  const end = performance.now() + 5000;
  while (works.begun.length < count && performance.now() < end) await new Promise((r) => setTimeout(r, 1));
};
const make = (env = {}) => ({ reads: new ExpensiveReads(readSettings(env)), works: new Works() });

describe('expensive reads', () => {
  it('of one user execute one after the other, in their order', async () => {
    const { reads, works } = make();
    const all = ['a1', 'a2', 'a3'].map((name) => reads.run('a', works.of(name)));
    await turns();
    expect(works.begun).toEqual(['a1']);
    for (const [index, name] of ['a1', 'a2', 'a3'].entries()) {
      await beginning(works, index + 1);
      expect(works.begun).toEqual(['a1', 'a2', 'a3'].slice(0, index + 1));
      works.end(name);
      await turns();
    }
    expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3']);
  });

  it('take turns between users, however many one user has waiting', async () => {
    const { reads, works } = make();
    for (const name of ['a1', 'a2', 'a3']) void reads.run('a', works.of(name));
    const others = Array.from({ length: maxExecuting }, (_, index) => `b${index}`);
    for (const name of others) void reads.run(name, works.of(name));
    await turns();
    // The last of the others waits for a place.
    expect(works.begun).toEqual(['a1', ...others.slice(0, -1)]);
    works.end('a1');
    await beginning(works, 5);
    expect(works.begun.at(-1)).toBe(others.at(-1));
    works.end('b0');
    await beginning(works, 6);
    expect(works.begun.at(-1)).toBe('a2');
  });

  it('pause for as long as a read took, so that other work goes on', async () => {
    const { reads, works } = make();
    void reads.run('a', works.of('first'));
    void reads.run('a', works.of('second'));
    const began = performance.now();
    while (performance.now() - began < 50) await turns(1);
    works.end('first');
    const ended = performance.now();
    await turns(3);
    expect(works.begun).toEqual(['first']);
    await beginning(works, 2);
    expect(performance.now() - ended).toBeGreaterThan(40);
    works.end('second');
  });

  it('begin in turns of the event loop of their own', async () => {
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

  it('are refused to a user who has too many waiting, and not to others', async () => {
    const { reads, works } = make();
    void reads.run('a', works.of('a'));
    for (let i = 0; i < maxWaitingPerUser; i += 1) void reads.run('a', works.of(`a${i}`));
    expect(() => reads.run('a', works.of('more'))).toThrow(
      expect.objectContaining({ code: 'rate_limited', retryAfterSeconds: 1 }),
    );
    void reads.run('b', works.of('b'));
    await turns();
    expect(works.begun).toEqual(['a', 'b']);
  });

  it('are refused to everyone when too many wait in all', () => {
    const { reads, works } = make();
    for (let i = 0; i < maxWaiting + 1; i += 1) void reads.run(`user ${i}`, works.of(`${i}`));
    expect(() => reads.run('another', works.of('x'))).toThrow(
      expect.objectContaining({ code: 'unavailable' }),
    );
  });

  it('go on after one that fails or throws', async () => {
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
