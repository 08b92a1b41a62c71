import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as server from '../../src/contract/index.js';
import type { Track } from '../src/contract.js';
import { reactions, skipVotesNeeded } from '../src/index.js';
import { orderQueue } from '../src/state/queue.js';

/* What the library repeats of the contract, which it does not import, is the same. */

const uploader = fc.constantFrom('x', 'y', 'z');
const queue = fc.array(
  fc.record({
    uploader,
    votes: fc.nat(3),
    created_at: fc.nat(5),
    placed: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
  }),
  { maxLength: 12 },
);

describe('the order of the queue', () => {
  it('is that of the server, with turns and without', () => {
    fc.assert(
      fc.property(queue, fc.option(fc.array(uploader)), (rows, turns) => {
        // A client has placed tracks at their positions, and the server has them as numbers.
        const tracks = rows.map(
          (row, index) =>
            ({
              id: String.fromCharCode(97 + index),
              uploader: { id: row.uploader, username: '' },
              vote_score: row.votes,
              created_at: row.created_at,
              placed: row.placed,
            }) as Track,
        );
        const entries = tracks.map((track, index) => ({
          ...track,
          uploader_id: track.uploader.id,
          placed_position: track.placed ? index + 1 : null,
        }));
        const ids = (list: readonly { id: string }[]) => list.map(({ id }) => id).join('');
        expect(ids(orderQueue(tracks, turns))).toBe(ids(server.orderQueue(entries, turns)));
      }),
    );
  });
});

it('the reactions and the votes needed to skip are those of the server', () => {
  expect(reactions).toEqual(server.reactions);
  fc.assert(
    fc.property(fc.double({ min: 0.1, max: 1, noNaN: true }), fc.nat(1000), (share, online) => {
      expect(skipVotesNeeded(share, online)).toBe(server.skipVotesNeeded(share, online));
    }),
  );
});
