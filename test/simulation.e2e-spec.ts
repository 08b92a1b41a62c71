import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { PinoLogger } from 'nestjs-pino';
import type { Settings } from '../src/config/settings.js';
import { Database } from '../src/database/database.js';
import { type Scenario, scenarios } from './simulation/commands.js';
import { World } from './simulation/world.js';

/*
 * The delivery protocol in random scenarios: nodes crash, the bus loses, duplicates and reorders messages, networks
 * stall and break, clients confirm late or never. docs/architecture.md, Simulation, lists what is checked. Nothing
 * depends on real time, so a scenario always has the same result.
 *
 * A failure prints its seed, its path and the smallest failing scenario. To repeat it:
 *   SIMULATION_SEED=<seed> SIMULATION_PATH=<path> npm test -- test/simulation
 * To run more scenarios:
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
  // Durations in real time must not influence a scenario.
  jest.spyOn(performance, 'now').mockReturnValue(0);
  database = new Database(settings, log);
  await database.migrate();
});

afterAll(() => database.close());

describe('random scenarios', () => {
  test(
    'every client receives every event once and in order, and every expected confirmation has one outcome',
    async () => {
      await fc.assert(
        fc.asyncProperty(scenarios, (scenario) => new World(database, scenario).run()),
        parameters,
      );
    },
    60 * 60 * 1000,
  );
});

/** The smallest scenario of each fault that was found. */
describe('fixed scenarios', () => {
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

  test('an event that arrives during a read of the log does not make the missing ones before it count as pruned', () =>
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

  test('a connection that would miss pruned events is closed, and its client starts from a snapshot', () =>
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

  test('a coalesced event is not sent after a newer one', () =>
    run({
      weight: 150,
      commands: [
        { ...connect, steps: 0 },
        { name: 'advance', sweeps: 1, steps: 4 },
        { ...raise, kinds: ['playback', 'listeners'], steps: 0 },
        { ...raise, kinds: ['listeners'] },
      ],
    }));

  test('a coalesced event is not sent after a connection’s last event', () =>
    run({
      manners: ['never'],
      weight: 150,
      commands: [
        connect,
        { ...raise, kinds: ['playback', 'playback', 'listeners'], steps: 0 },
        { ...calm, name: 'remove', client: 0, node: 0 },
      ],
    }));

  test('an event that is added to a replay has all its attempts', () =>
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

  test('a connection that closes before its snapshot was read is replayed nothing', () =>
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
  test('fails for a network that loses frames without closing connections', async () => {
    let lost = 0;
    const loses = () => (lost += 1) % 40 === 0;
    const property = fc.asyncProperty(scenarios, (scenario) => new World(database, scenario, loses).run());
    const { failed } = await fc.check(property, { numRuns: 200, endOnFailure: true });
    expect(failed).toBe(true);
  });
});
