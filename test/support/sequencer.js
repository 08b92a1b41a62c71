import Sequencer from '@jest/test-sequencer';

/**
 * The suites that take longest, in a fresh clone, where Jest has no durations of earlier runs. They start first: one of
 * them at the end would run while the other core has nothing to do.
 */
const longest = [
  'floods',
  'simulation',
  'database-damage',
  'fuzz',
  'memory',
  'crash',
  'inspection',
  'guessing',
  'passwords',
  'hostile-audio',
  'postgres',
  'request-limits',
  'legitimate-use',
  'transfers',
  'packets',
  'fold',
  'rooms',
  'audio',
];

const place = ({ path }) => {
  const index = longest.findIndex((name) => new RegExp(`/${name}\\.(e2e-)?spec\\.ts$`).test(path));
  return index === -1 ? longest.length : index;
};

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests);
    // Jest starts with the suites whose duration it does not know, and then takes the longest first.
    const isMeasured = sorted.every((test) => test.duration != null);
    return isMeasured ? sorted : sorted.sort((a, b) => place(a) - place(b));
  }
}
