import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { BoundedLimiter } from './bounded-limiter.js';

describe('a bounded limiter', () => {
  it('returns the time to wait for a key that has consumed all its units', async () => {
    const limiter = new BoundedLimiter({ points: 2, durationSeconds: 60 });
    expect([await limiter.consume('a'), await limiter.consume('a')]).toEqual([0, 0]);
    const waitMs = await limiter.consume('a');
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(60_000);
    expect(await limiter.consume('b')).toBe(0);
    await limiter.forget('a');
    expect(await limiter.consume('a')).toBe(0);
  });

  it('evicts the least recently used key beyond its number of keys', async () => {
    const limiter = new BoundedLimiter({ points: 10, durationSeconds: 60 }, 2);
    for (const key of ['a', 'b', 'a', 'c']) await limiter.consume(key);
    const consumed = await Promise.all(['a', 'b', 'c'].map((key) => limiter.consumed(key)));
    expect(consumed).toEqual([2, 0, 1]);
  });

  it('does not hold the request that began a window until it ends', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const limiter = new BoundedLimiter({ points: 10, durationSeconds: 60 });
    const context = new AsyncLocalStorage<object>();
    const request = await (async () => {
      const store = {};
      await context.run(store, () => limiter.consume('a'));
      return new WeakRef(store);
    })();
    await nextTurn();
    collect();
    expect(request.deref()).toBeUndefined();
    expect(await limiter.consumed('a')).toBe(1);
  });
});
