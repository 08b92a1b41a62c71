import { expect, it } from '@jest/globals';
import { KeyedLock, type LockPriority } from './keyed-lock.js';

/** Holds the lock until released, then queues `entries`; resolves with the order in which they ran. */
async function orderOf(entries: { name: string; priority?: LockPriority; fails?: boolean }[]) {
  const lock = new KeyedLock();
  let release!: () => void;
  const held = lock.run('key', () => new Promise<void>((resolve) => (release = resolve)));
  const order: string[] = [];
  const all = entries.map(({ name, priority, fails }) =>
    lock.run(
      'key',
      () => {
        order.push(name);
        return fails ? Promise.reject(new Error(name)) : Promise.resolve();
      },
      priority,
    ),
  );
  release();
  await held;
  await Promise.allSettled(all);
  return order;
}

it('runs the work of one key one at a time, in the order of the calls', async () => {
  const lock = new KeyedLock();
  let running = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 20 }, () =>
      lock.run('key', async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
      }),
    ),
  );
  expect(most).toBe(1);
  expect(await orderOf([{ name: 'a' }, { name: 'b' }, { name: 'c' }])).toEqual(['a', 'b', 'c']);
});

it('runs waiting high work before low work that was queued earlier', async () => {
  const entries = [
    { name: 'low 1', priority: 'low' },
    { name: 'high 1' },
    { name: 'low 2', priority: 'low' },
    { name: 'high 2' },
  ] as const;
  expect(await orderOf([...entries])).toEqual(['high 1', 'high 2', 'low 1', 'low 2']);
});

it('runs a waiting low entry after 50 high ones', async () => {
  const high = Array.from({ length: 120 }, (_, index) => ({ name: `high ${index}` }));
  const order = await orderOf([{ name: 'low', priority: 'low' }, ...high]);
  expect(order.indexOf('low')).toBe(50);
});

it('continues after an entry that fails; only its caller receives the error', async () => {
  expect(await orderOf([{ name: 'a', fails: true }, { name: 'b' }])).toEqual(['a', 'b']);
  await expect(new KeyedLock().run('key', () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
});

it('runs the work of different keys concurrently', async () => {
  const lock = new KeyedLock();
  let release!: () => void;
  const held = lock.run('one', () => new Promise<void>((resolve) => (release = resolve)));
  await lock.run('other', () => Promise.resolve());
  release();
  await held;
});
