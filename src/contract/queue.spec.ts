import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { orderQueue, placeInQueue, type QueueEntry, type Turns } from './queue.js';
import { skipVotesNeeded } from './social.js';

const uploaders = ['x', 'y', 'z'];
/** Of rooms with and without fair turns. */
const anyTurns: fc.Arbitrary<Turns> = fc.option(fc.array(fc.constantFrom(...uploaders, 'other')));

/** A queue as the server stores it: ids are unique, and so are placed positions. */
const queue = (min = 0): fc.Arbitrary<QueueEntry[]> =>
  fc
    .array(
      fc.record({
        uploader_id: fc.constantFrom(...uploaders),
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
  uploader_id = 'x',
): QueueEntry => ({
  id,
  uploader_id,
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
        anyTurns,
        ([entries, shuffled], turns) => {
          const before = structuredClone(shuffled);
          expect(orderQueue(shuffled, turns)).toEqual(orderQueue(entries, turns));
          expect(shuffled).toEqual(before);
          expect([...ids(orderQueue(entries, turns))].sort()).toEqual([...ids(entries)].sort());
        },
      ),
    );
  });

  it('puts each placed track at its position, or further forward if too few tracks precede it', () => {
    fc.assert(
      fc.property(queue(), anyTurns, (entries, turns) => {
        const ordered = orderQueue(entries, turns);
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

describe('the order of a queue in which uploaders take turns', () => {
  const of = (uploader: string, id: string, votes = 0, time = 0) => entry(id, votes, time, null, uploader);

  it('is by round, then by votes, then by who has waited longest, then by time added', () => {
    const queue = [of('x', 'a', 0, 1), of('x', 'b', 0, 2), of('y', 'c', 0, 3), of('z', 'd', 2, 4)];
    expect(ids(orderQueue(queue, []))).toBe('dacb');
    expect(ids(orderQueue(queue, ['w', 'x']))).toBe('dcab');
  });

  it('plays no two tracks of one user in a row, whatever their votes, while other users wait', () => {
    const queue = [of('x', 'a', 9), of('y', 'b', 0), of('y', 'c', 0), of('x', 'd', 8)];
    expect(ids(orderQueue(queue, ['x']))).toBe('bacd');
  });

  it('keeps the rounds: nobody has a later track before the first one of somebody else', () => {
    fc.assert(
      fc.property(queue(), fc.array(fc.constantFrom(...uploaders)), (entries, turns) => {
        const unplaced = entries.map((one) => ({ ...one, placed_position: null }));
        const rounds = new Map<string, number>();
        let highest = 1;
        for (const { uploader_id } of orderQueue(unplaced, turns)) {
          const round = (rounds.get(uploader_id) ?? 0) + 1;
          rounds.set(uploader_id, round);
          expect(round).toBeGreaterThanOrEqual(highest);
          highest = round;
        }
      }),
    );
  });

  it('lets nobody wait for longer than one turn of each other uploader, whenever they came', () => {
    fc.assert(
      fc.property(queue(1), (entries) => {
        let waiting = entries.map((one) => ({ ...one, placed_position: null, vote_score: 0 }));
        const turns: string[] = [];
        while (waiting.length > 0) {
          const [next] = orderQueue(waiting, turns);
          const others = new Set(waiting.map(({ uploader_id }) => uploader_id));
          const lastTurn = turns.indexOf(next!.uploader_id);
          // Everyone who waits and was played later, or never, comes before.
          for (const other of others) {
            const last = turns.indexOf(other);
            if (lastTurn !== -1) expect(last).not.toBe(-1);
            if (lastTurn !== -1) expect(last).toBeLessThanOrEqual(lastTurn);
          }
          waiting = waiting.filter(({ id }) => id !== next!.id);
          turns.unshift(next!.uploader_id);
        }
      }),
    );
  });
});

describe('the votes needed to skip', () => {
  it.each([
    [0.5, 0, 1],
    [0.1, 5, 1],
    [0.5, 3, 2],
    [0.5, 4, 2],
    [0.7, 10, 7],
    [1, 500, 500],
  ])('are, with a share of %d and %d online, %d', (share, online, needed) => {
    expect(skipVotesNeeded(share, online)).toBe(needed);
  });
});

describe('placing a track', () => {
  const placing = queue(1).chain((entries) =>
    fc.record({
      entries: fc.constant(entries),
      id: fc.constantFrom(...entries.map(({ id }) => id)),
      position: fc.integer({ min: 1, max: 20 }),
      turns: anyTurns,
    }),
  );

  it('moves it to the position, or to the end, and keeps the order of the others', () => {
    fc.assert(
      fc.property(placing, ({ entries, id, position, turns }) => {
        const places = placeInQueue(entries, id, position, turns);
        const after = orderQueue(placed(entries, places), turns);
        const place = Math.min(position, entries.length);
        expect(places.get(id)).toBe(place);
        expect(after[place - 1]!.id).toBe(id);
        const others = (list: QueueEntry[]) => ids(list).replace(id, '');
        expect(others(after)).toBe(others(orderQueue(entries, turns)));
      }),
    );
  });

  it('gives every placed track a unique position that votes do not change', () => {
    fc.assert(
      fc.property(
        placing,
        fc.array(fc.nat(9), { minLength: 12, maxLength: 12 }),
        ({ entries, id, position, turns }, votes) => {
          const places = placeInQueue(entries, id, position, turns);
          expect(new Set(places.values()).size).toBe(places.size);
          const voted = placed(entries, places).map((one, index) => ({ ...one, vote_score: votes[index]! }));
          const after = orderQueue(voted, turns);
          for (const [placedId, place] of places) expect(after[place - 1]!.id).toBe(placedId);
        },
      ),
    );
  });

  it('throws a RangeError for a track that is not queued', () => {
    expect(() => placeInQueue([entry('a')], 'b', 1)).toThrow(RangeError);
  });
});
