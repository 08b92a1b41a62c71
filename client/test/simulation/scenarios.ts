import * as fc from 'fast-check';
import type { Manner } from './simulated-client.js';

/** What happens in a scenario. `who` and `what` choose among what is there at that moment. */
export interface Step {
  readonly kind: (typeof kinds)[number];
  readonly who: number;
  readonly what: number;
  /** Time that passes afterwards. */
  readonly ms: number;
}

export interface Scenario {
  readonly seed: number;
  readonly manners: readonly Manner[];
  readonly retention: number;
  readonly steps: readonly Step[];
}

/** Frequent ones are there several times. */
export const kinds = [
  // Commands of a client.
  'vote',
  'vote',
  'unvote',
  'move',
  'remove',
  'playback',
  'playback',
  'rename_room',
  'settings',
  'queue_again',
  'kick',
  'leave',
  // Changes that others make.
  'add',
  'add',
  'add',
  'change',
  'change',
  'change',
  'end',
  'skip_vote',
  'rename_user',
  'rejoin',
  'delete_room',
  // The network.
  'cut',
  'cut',
  'stall',
  'flow',
  'lose',
  'double',
  'delay',
  'offline',
  'online',
  'lossy_rest',
  'calm_rest',
  // The server and the device.
  'close',
  'restart',
  'back_up',
  'restore',
  'expire_token',
  'sleep',
] as const;

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...kinds),
  who: fc.nat(2),
  what: fc.nat(99),
  ms: fc.oneof(fc.constant(0), fc.nat(100), fc.nat(2_000), fc.nat(12_000)),
});

export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.nat(),
  manners: fc.array(fc.constantFrom<Manner>('prompt', 'asynchronous', 'slow', 'throwing'), {
    minLength: 3,
    maxLength: 3,
  }),
  retention: fc.constantFrom(5, 30, 1000),
  // Without the size, fast-check makes at most ten.
  steps: fc.array(step, { maxLength: 40, size: 'max' }),
});
