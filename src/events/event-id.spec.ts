import { describe, expect, it } from '@jest/globals';
import { validate, version } from 'uuid';
import { eventId } from './event-id.js';

describe('event ids', () => {
  it('are version 7, each its own, however many are drawn', () => {
    const ids = Array.from({ length: 5000 }, eventId);
    expect(new Set(ids).size).toBe(ids.length);
    // The random part alone, too: nothing of the pool is used twice.
    expect(new Set(ids.map((id) => id.slice(19))).size).toBe(ids.length);
    expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true);
  });

  it('tell when they were made', () => {
    const before = Date.now();
    const made = parseInt(eventId().replace('-', '').slice(0, 12), 16);
    expect(made).toBeGreaterThanOrEqual(before);
    expect(made).toBeLessThanOrEqual(Date.now());
  });
});
