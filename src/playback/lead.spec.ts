import { expect, it } from '@jest/globals';
import { leadFor } from './lead.js';

it.each([
  [0, 0.25],
  [0.02, 0.25],
  [0.1, 0.35],
  [1, 1.7],
  [1.9, 3],
  [300, 3],
])('for a round trip of %d s the lead is %d s', (roundTrip, lead) => {
  expect(leadFor(roundTrip)).toBeCloseTo(lead, 9);
});
