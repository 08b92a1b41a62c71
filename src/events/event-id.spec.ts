import { describe, expect, it } from '@jest/globals';
import { validate, version } from 'uuid';
import { eventId } from './event-id.js';

describe('event ids', () => {
  it('are version 7 and unique, over several refills of the random pool', () => {
    const ids = Array.from({ length: 5000 }, eventId);
    expect(new Set(ids).size).toBe(ids.length);
    // The random part is unique too: no bytes of the pool are used twice.
    expect(new Set(ids.map((id) => id.slice(19))).size).toBe(ids.length);
    expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true);
  });

  it('contain the time of their creation', () => {
    const before = Date.now();
    const made = parseInt(eventId().replace('-', '').slice(0, 12), 16);
    expect(made).toBeGreaterThanOrEqual(before);
    expect(made).toBeLessThanOrEqual(Date.now());
  });
});
