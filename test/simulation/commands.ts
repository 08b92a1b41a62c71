import * as fc from 'fast-check';
import { busModes } from './simulated-bus.js';
import { manners } from './simulated-client.js';

/** What may be raised: two kinds of critical, `high`, and `normal`. */
const kinds = ['playback', 'joined', 'queue', 'listeners'] as const;
export type Kind = (typeof kinds)[number];

const which = fc.nat(3);
/** How many pending steps run afterwards; the others wait. */
const steps = fc.oneof(
  { weight: 3, arbitrary: fc.constant(Infinity) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 12 }) },
);
const command = <const N extends string, F extends object>(
  name: N,
  fields: { [K in keyof F]: fc.Arbitrary<F[K]> },
) =>
  fc.record({ name: fc.constant(name), steps, ...fields }) as unknown as fc.Arbitrary<
    { name: N; steps: number } & F
  >;

const raise = command('raise', {
  node: which,
  kinds: fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 4 }),
  fails: fc.integer({ min: 0, max: 9 }).map((n) => n === 9),
});
/** A user is removed from the room, and may connect again at once. */
const remove = command('remove', { client: which, node: which });
const connect = command('connect', { client: which, node: which });
const cut = command('cut', { client: which, lossy: fc.boolean() });
const stall = command('stall', { client: which, stalled: fc.boolean() });
const crash = command('crash', { node: which });
const restart = command('restart', { node: which });
const bus = command('bus', { mode: fc.constantFrom(...busModes) });
const status = command('status', { node: which });
const low = command('low', { node: which });
const prune = command('prune', { node: which, keep: fc.integer({ min: 1, max: 4 }) });
const advance = command('advance', { sweeps: fc.integer({ min: 1, max: 40 }) });
const go = command('go', {});

const commands = fc.oneof(
  { weight: 10, arbitrary: raise },
  { weight: 1, arbitrary: remove },
  { weight: 8, arbitrary: connect },
  { weight: 3, arbitrary: cut },
  { weight: 4, arbitrary: stall },
  { weight: 1, arbitrary: crash },
  { weight: 1, arbitrary: restart },
  { weight: 2, arbitrary: bus },
  { weight: 1, arbitrary: status },
  { weight: 1, arbitrary: low },
  { weight: 1, arbitrary: prune },
  { weight: 5, arbitrary: advance },
  { weight: 2, arbitrary: go },
);
export type Command = typeof commands extends fc.Arbitrary<infer C> ? C : never;

export const scenarios = fc.record({
  /** Decides which of several pending steps runs first. */
  seed: fc.nat(),
  nodes: fc.integer({ min: 1, max: 3 }),
  manners: fc.array(fc.constantFrom(...manners), { minLength: 1, maxLength: 4 }),
  /** As how many frames each queued frame counts. */
  weight: fc.constantFrom(1, 20, 150),
  /** The first sequence of the log. */
  start: fc.constantFrom(0, 58),
  retention: fc.constantFrom(1000, 10),
  commands: fc.array(commands, { minLength: 1, maxLength: 30, size: 'max' }),
});
export type Scenario = typeof scenarios extends fc.Arbitrary<infer S> ? S : never;
