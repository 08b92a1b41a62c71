import Sequencer from '@jest/test-sequencer';

/**
 * The suites that take longest, which start first: one of them at the end would run while the other core has nothing to
 * do. Jest would order by the durations of earlier runs, which a fresh clone does not have.
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
];

export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const place = longest.findIndex((name) => path.endsWith(`/test/${name}.e2e-spec.ts`));
      return place === -1 ? longest.length : place;
    };
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
}
