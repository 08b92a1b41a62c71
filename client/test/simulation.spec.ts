import { describe, test } from '@jest/globals';
import * as fc from 'fast-check';
import { type Scenario, scenarios } from './simulation/scenarios.js';
import { World } from './simulation/world.js';

/*
 * The library in random scenarios, with a simulated server and network: connections are cut, stall and lose or repeat
 * messages, answers are lost, servers restart or are restored from a backup, tokens expire, devices sleep, handlers are
 * slow or throw. Nothing depends on real time. It is checked that
 * - the handlers of each event run exactly once, in order, and before it is confirmed;
 * - the folded state is the server's at the same sequence, after each event and each reset;
 * - in the end every client that is still in the room is live, shows the server's state, and all commands have ended;
 * - no command is carried out twice, and nothing goes on after `close`.
 *
 * A failure prints its seed, its path and the smallest failing scenario. To repeat it:
 *   SIMULATION_SEED=<seed> SIMULATION_PATH=<path> npm test -- client/test/simulation
 * To run more scenarios:
 *   SIMULATION_RUNS=1000000 npm test -- client/test/simulation
 */
const { SIMULATION_RUNS, SIMULATION_SEED, SIMULATION_PATH } = process.env;
const parameters: fc.Parameters<[Scenario]> = {
  numRuns: Number(SIMULATION_RUNS ?? 10_000),
  ...(SIMULATION_SEED === undefined ? {} : { seed: Number(SIMULATION_SEED) }),
  ...(SIMULATION_PATH === undefined ? {} : { path: SIMULATION_PATH }),
};

describe('random scenarios', () => {
  test(
    'each event is applied once, in order, and the state is the server’s',
    async () => {
      await fc.assert(
        fc.asyncProperty(scenarios, (scenario) => new World(scenario).run()),
        parameters,
      );
    },
    60 * 60 * 1000,
  );
});
