import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { orderQueue, placeInQueue, type QueueEntry } from './queue.js';

/** A queue as the server stores it: ids are unique, and so are placed positions. */
const queue = (min = 0): fc.Arbitrary<QueueEntry[]> =>
  fc
    .array(
      fc.record({
        vote_score: fc.nat(4),
        created_at: fc.nat(4),
        wish: fc.option(fc.integer({ min: 1, max: 15 })),
      }),
      {
        minLength: min,
        maxLength: 12,
      },
    )
    .map((rows) => {
      const taken = new Set<number>();
      return rows.map(({ wish, ...row }, index) => {
        const placed_position = wish === null || taken.has(wish) ? null : wish;
        if (placed_position !== null) taken.add(placed_position);
        return { ...row, id: String.fromCharCode(97 + index), placed_position };
      });
    });

const entry = (
  id: string,
  vote_score = 0,
  created_at = 0,
  placed_position: number | null = null,
): QueueEntry => ({
  id,
  vote_score,
  created_at,
  placed_position,
});
const ids = (entries: readonly QueueEntry[]): string => entries.map(({ id }) => id).join('');
const placed = (entries: readonly QueueEntry[], places: Map<string, number>): QueueEntry[] =>
  entries.map((one) => ({ ...one, placed_position: places.get(one.id) ?? null }));

describe('the order of a queue', () => {
  it('is by votes, then by time added, then by id', () => {
    expect(ids(orderQueue([entry('d', 0, 2), entry('c', 0, 1), entry('b', 2, 9), entry('a', 0, 2)]))).toBe(
      'bcad',
    );
  });

  it('keeps a placed track at its position and fills the others around it', () => {
    expect(ids(orderQueue([entry('a', 9), entry('b', 8), entry('c', 7), entry('p', 0, 0, 2)]))).toBe('apbc');
    expect(ids(orderQueue([entry('a', 9), entry('p', 0, 0, 7)]))).toBe('ap');
  });

  it('contains each track once and does not depend on the order of the input', () => {
    fc.assert(
      fc.property(
        queue().chain((entries) =>
          fc.tuple(fc.constant(entries), fc.shuffledSubarray(entries, { minLength: entries.length })),
        ),
        ([entries, shuffled]) => {
          const before = structuredClone(shuffled);
          expect(orderQueue(shuffled)).toEqual(orderQueue(entries));
          expect(shuffled).toEqual(before);
          expect([...ids(orderQueue(entries))].sort()).toEqual([...ids(entries)].sort());
        },
      ),
    );
  });

  it('puts each placed track at its position, or further forward if too few tracks precede it', () => {
    fc.assert(
      fc.property(queue(), (entries) => {
        const ordered = orderQueue(entries);
        for (const [index, { placed_position }] of ordered.entries()) {
          if (placed_position === null) continue;
          expect(index + 1).toBeLessThanOrEqual(placed_position);
          // Further forward only if no unplaced track is left that could precede it.
          const unplacedAfter = ordered.slice(index).some((one) => one.placed_position === null);
          if (unplacedAfter) expect(index + 1).toBe(placed_position);
        }
      }),
    );
  });

  it('keeps tracks that are not placed in the order of their votes', () => {
    fc.assert(
      fc.property(queue(), (entries) => {
        const unplaced = orderQueue(entries).filter(({ placed_position }) => placed_position === null);
        expect(unplaced).toEqual(
          orderQueue(entries.filter(({ placed_position }) => placed_position === null)),
        );
        for (const [index, one] of unplaced.slice(1).entries()) {
          expect(unplaced[index]!.vote_score).toBeGreaterThanOrEqual(one.vote_score);
        }
      }),
    );
  });
});

describe('placing a track', () => {
  const placing = queue(1).chain((entries) =>
    fc.record({
      entries: fc.constant(entries),
      id: fc.constantFrom(...entries.map(({ id }) => id)),
      position: fc.integer({ min: 1, max: 20 }),
    }),
  );

  it('moves it to the position, or to the end, and keeps the order of the others', () => {
    fc.assert(
      fc.property(placing, ({ entries, id, position }) => {
        const places = placeInQueue(entries, id, position);
        const after = orderQueue(placed(entries, places));
        const place = Math.min(position, entries.length);
        expect(places.get(id)).toBe(place);
        expect(after[place - 1]!.id).toBe(id);
        const others = (list: QueueEntry[]) => ids(list).replace(id, '');
        expect(others(after)).toBe(others(orderQueue(entries)));
      }),
    );
  });

  it('gives every placed track a unique position that votes do not change', () => {
    fc.assert(
      fc.property(
        placing,
        fc.array(fc.nat(9), { minLength: 12, maxLength: 12 }),
        ({ entries, id, position }, votes) => {
          const places = placeInQueue(entries, id, position);
          expect(new Set(places.values()).size).toBe(places.size);
          const voted = placed(entries, places).map((one, index) => ({ ...one, vote_score: votes[index]! }));
          const after = orderQueue(voted);
          for (const [placedId, place] of places) expect(after[place - 1]!.id).toBe(placedId);
        },
      ),
    );
  });

  it('throws a RangeError for a track that is not queued', () => {
    expect(() => placeInQueue([entry('a')], 'b', 1)).toThrow(RangeError);
  });
});
