import { describe, expect, it } from '@jest/globals';
import { EventIterator } from './event-iterator.js';

function make(limit = 3) {
  let ends = 0;
  const iterator = new EventIterator<number | string>(
    limit,
    () => 'reset',
    () => (ends += 1),
  );
  return { iterator, ends: () => ends };
}

describe('an iterator of events', () => {
  it('gives what was pushed, in order, and ends after it', async () => {
    const { iterator, ends } = make();
    iterator.push(1);
    iterator.push(2);
    iterator.end();
    iterator.push(3);
    const seen: unknown[] = [];
    for await (const value of iterator) seen.push(value);
    expect(seen).toEqual([1, 2]);
    expect(ends()).toBe(1);
  });

  it('lets its consumer wait', async () => {
    const { iterator } = make();
    const results = [iterator.next(), iterator.next(), iterator.next()];
    iterator.push(1);
    iterator.push(2);
    iterator.end();
    expect(await Promise.all(results)).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: true, value: undefined },
    ]);
  });

  it('replaces what was not read by a reset when it overflows, and goes on from there', async () => {
    const { iterator } = make(3);
    for (const value of [1, 2, 3, 4, 5]) iterator.push(value);
    iterator.end();
    const seen: unknown[] = [];
    for await (const value of iterator) seen.push(value);
    expect(seen).toEqual(['reset', 5]);
  });

  it('ends when its loop is left', async () => {
    const { iterator, ends } = make();
    iterator.push(1);
    iterator.push(2);
    for await (const _ of iterator) break;
    expect(ends()).toBe(1);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });
});
