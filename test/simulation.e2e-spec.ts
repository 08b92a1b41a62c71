import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { PinoLogger } from 'nestjs-pino';
import type { Settings } from '../src/config/settings.js';
import { Database } from '../src/database/database.js';
import { type Scenario, scenarios } from './simulation/commands.js';
import { World } from './simulation/world.js';

/*
 * The protocol of sections 1 and 2 of the contract, run against nodes that crash, a bus that loses, doubles and
 * reorders, networks that stall and break, and clients that confirm late or never. Nothing in it depends on real
 * time, so a scenario always ends in the same way.
 *
 * A failure prints its seed and path, and the scenario, shrunk. To run that one alone:
 *   SIMULATION_SEED=<seed> SIMULATION_PATH=<path> npm test -- test/simulation
 * and to look further:
 *   SIMULATION_RUNS=1000000 npm test -- test/simulation
 */
const { SIMULATION_RUNS, SIMULATION_SEED, SIMULATION_PATH } = process.env;
const parameters: fc.Parameters<[Scenario]> = {
  numRuns: Number(SIMULATION_RUNS ?? 10_000),
  ...(SIMULATION_SEED === undefined ? {} : { seed: Number(SIMULATION_SEED) }),
  ...(SIMULATION_PATH === undefined ? {} : { path: SIMULATION_PATH }),
};

const log = { info: () => undefined, warn: () => undefined } as unknown as PinoLogger;
const settings = { database: { kind: 'sqlite', file: ':memory:', sync: 'normal' } } as Settings;
let database: Database;

beforeAll(async () => {
  // How long things really take decides nothing here.
  jest.spyOn(performance, 'now').mockReturnValue(0);
  database = new Database(settings, log);
  await database.migrate();
});

afterAll(() => database.onApplicationShutdown());

describe('whatever happens', () => {
  test(
    'every event reaches everyone once and in order, and every confirmation is accounted for',
    async () => {
      await fc.assert(
        fc.asyncProperty(scenarios, (scenario) => new World(database, scenario).run()),
        parameters,
      );
    },
    60 * 60 * 1000,
  );
});

/** What once went wrong, as it was found and shrunk. */
describe('holds still', () => {
  const calm = { steps: Infinity };
  const raise = { ...calm, name: 'raise', node: 0, fails: false } as const;
  const connect = { ...calm, name: 'connect', client: 0, node: 0 } as const;
  const cut = { name: 'cut', client: 0, lossy: false, steps: 0 } as const;
  const run = (scenario: Partial<Scenario>) =>
    new World(database, {
      seed: 0,
      nodes: 1,
      manners: ['always'],
      weight: 1,
      start: 0,
      retention: 1000,
      commands: [],
      ...scenario,
    }).run();

  test('an event that comes while the log is read is not taken for what follows a gap in the log', () =>
    run({
      nodes: 2,
      commands: [
        { name: 'bus', mode: 'down', steps: 0 },
        { ...connect, node: 1 },
        { ...raise, kinds: ['playback', 'playback', 'playback'], steps: 0 },
        { ...raise, kinds: ['playback', 'playback', 'playback'] },
        { ...calm, name: 'bus', mode: 'well' },
      ],
    }));

  test('whoever would have a gap that the log cannot fill any more is sent to begin anew', () =>
    run({
      nodes: 2,
      commands: [
        { ...connect, node: 1 },
        { ...calm, name: 'bus', mode: 'down' },
        { ...raise, kinds: ['queue', 'playback', 'queue', 'playback'] },
        { ...calm, name: 'prune', node: 0, keep: 1 },
        { ...calm, name: 'advance', sweeps: 40 },
      ],
    }));

  test('a state that gave way does not go out after the newer one', () =>
    run({
      weight: 150,
      commands: [
        { ...connect, steps: 0 },
        { name: 'advance', sweeps: 1, steps: 4 },
        { ...raise, kinds: ['playback', 'state'], steps: 0 },
        { ...raise, kinds: ['state'] },
      ],
    }));

  test('a state that gave way does not go out after the last event', () =>
    run({
      manners: ['never'],
      weight: 150,
      commands: [
        connect,
        { ...raise, kinds: ['playback', 'playback', 'state'], steps: 0 },
        { ...calm, name: 'remove', client: 0, node: 0 },
      ],
    }));

  test('what joins a replay late has all its attempts', () =>
    run({
      manners: ['late'],
      weight: 150,
      commands: [
        connect,
        { ...calm, name: 'stall', client: 0, stalled: true },
        cut,
        { ...raise, kinds: ['playback', 'playback'] },
        connect,
        { name: 'advance', sweeps: 11, steps: 0 },
        { ...raise, kinds: ['playback'] },
      ],
    }));

  test('whoever is gone before the state was read is not replayed anything', () =>
    run({
      commands: [
        { ...connect, steps: 0 },
        { ...calm, name: 'restart', node: 0 },
        cut,
        { ...connect, steps: 0 },
        cut,
        { ...raise, kinds: ['playback'] },
        connect,
      ],
    }));
});

describe('the simulation', () => {
  test('notices a network that loses frames without breaking', async () => {
    let lost = 0;
    const loses = () => (lost += 1) % 40 === 0;
    const property = fc.asyncProperty(scenarios, (scenario) => new World(database, scenario, loses).run());
    const { failed } = await fc.check(property, { numRuns: 200, endOnFailure: true });
    expect(failed).toBe(true);
  });
});
