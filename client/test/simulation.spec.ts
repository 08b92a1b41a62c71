import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { type Scenario, scenarios } from './simulation/scenarios.js';
import type { SimulatedServer } from './simulation/simulated-server.js';
import { World } from './simulation/world.js';

/*
 * The library in random scenarios, with a simulated server and network: connections are cut, stall and lose or repeat
 * messages, answers are lost, servers restart or are restored from a backup, tokens expire, devices sleep, handlers are
 * slow or throw. Nothing depends on real time. It is checked that
 * - the handlers of each event run exactly once, in order, and before it is confirmed;
 * - the folded state is the server's at the same sequence, after each event and each reset;
 * - in the end every client that is still in the room is live, shows the server's state, and all commands have ended;
 * - a client is closed only if its user or the room was removed after the server has last accepted it;
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

/** The smallest scenario of each fault that was found. */
describe('fixed scenarios', () => {
  const run = (scenario: Partial<Scenario>) =>
    new World({
      seed: 0,
      manners: ['prompt', 'prompt', 'prompt'],
      retention: 5,
      steps: [],
      ...scenario,
    }).run();
  const vote = { kind: 'vote', who: 0, what: 0 } as const;

  test('a client whose connection breaks between the user’s departure and return, which it missed, goes on', () =>
    run({
      manners: ['prompt', 'slow', 'prompt'],
      steps: [
        { ...vote, ms: 332 },
        { ...vote, ms: 58 },
        { kind: 'leave', who: 0, what: 0, ms: 66 },
        { kind: 'rejoin', who: 0, what: 0, ms: 0 },
        { kind: 'stall', who: 1, what: 0, ms: 0 },
        { ...vote, ms: 1363 },
      ],
    }));

  test('a client whose token was renewed by a command while its connection stalled renews it once more', () =>
    run({
      manners: ['slow', 'prompt', 'prompt'],
      steps: [
        { ...vote, ms: 140 },
        { kind: 'add', who: 0, what: 0, ms: 0 },
        { ...vote, ms: 240 },
        { kind: 'stall', who: 0, what: 0, ms: 0 },
        { kind: 'expire_token', who: 0, what: 0, ms: 0 },
        { ...vote, ms: 182 },
        { kind: 'expire_token', who: 0, what: 0, ms: 0 },
      ],
    }));
});

describe('the simulation', () => {
  const check = (spoil: (server: SimulatedServer) => void) =>
    fc.check(
      fc.asyncProperty(scenarios, (scenario) => new World(scenario, spoil).run()),
      // Always the same scenarios: which fault is found first depends on them.
      { numRuns: 500, endOnFailure: true, seed: 1 },
    );

  test.each<[string, (server: SimulatedServer) => void, RegExp]>([
    ['forgets its answers', (server) => server.forgetAnswers(), /was carried out \d+ times|in the end/],
    ['changes a vote without an event', (server) => server.model.voteSilently(), /another state/],
    ['leaves an event out', (server) => void server.log.pop(), /in the end/],
  ])('fails for a server that %s', async (_, spoil, reason) => {
    const { failed, errorInstance } = await check(spoil);
    expect(failed).toBe(true);
    expect(String(errorInstance)).toMatch(reason);
  });
});
