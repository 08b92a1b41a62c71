import { expect, test } from '@jest/globals';
import { type Connection, type ConnectionInput, transition } from './connection.js';
import { outcomeOf } from './refusals.js';

const states = {
  connecting: { is: 'connecting', attempt: 1 },
  live: { is: 'live', since: 10 },
  catching_up: { is: 'catching_up', from: 3, to: 5 },
  offline: { is: 'offline', reason: 'network', retryAt: 20, attempt: 2 },
  closed: { is: 'closed', reason: 'kicked' },
} as const satisfies Record<Connection['is'], Connection>;

const inputs = {
  attempt: { kind: 'attempt', attempt: 7 },
  'established, nothing missing': { kind: 'established', at: 30, from: 5, to: 5 },
  'established, two missing': { kind: 'established', at: 30, from: 3, to: 5 },
  'caught up': { kind: 'caught_up', at: 40 },
  lost: { kind: 'lost', reason: 'server', retryAt: 50, attempt: 3 },
  close: { kind: 'close', reason: 'left' },
} as const satisfies Record<string, ConnectionInput>;

const connecting: Connection = { is: 'connecting', attempt: 7 };
const live: Connection = { is: 'live', since: 30 };
const catchingUp: Connection = { is: 'catching_up', from: 3, to: 5 };
const caughtUp: Connection = { is: 'live', since: 40 };
const offline: Connection = { is: 'offline', reason: 'server', retryAt: 50, attempt: 3 };
const closed: Connection = { is: 'closed', reason: 'left' };
const same = 'same';

/** For each state, what each input makes of it, in the order of `inputs`. */
const table: Record<Connection['is'], readonly (Connection | typeof same)[]> = {
  connecting: [connecting, live, catchingUp, same, offline, closed],
  live: [connecting, same, same, same, offline, closed],
  catching_up: [connecting, same, same, caughtUp, offline, closed],
  offline: [connecting, same, same, same, same, closed],
  closed: [same, same, same, same, same, same],
};

const rows = Object.entries(table).flatMap(([is, results]) =>
  Object.entries(inputs).map(([name, input], index) => {
    const state: Connection = states[is as Connection['is']];
    const result = results[index]!;
    const expected = result === same ? state : result;
    return { is, name, to: expected.is, state, input, expected };
  }),
);

test.each(rows)('$is, then $name: $to', ({ state, input, expected }) => {
  const next = transition(state, input);
  expect(next).toEqual(expected);
  // An unchanged state is the same object, so that nobody is told of it.
  if (expected === state) expect(next).toBe(state);
});

test.each([
  [undefined, { do: 'retry', reason: 'network' }],
  ['draining', { do: 'retry', reason: 'server' }],
  ['too_many_connections', { do: 'retry', reason: 'server' }],
  ['delivery_failed', { do: 'retry', reason: 'server' }],
  ['rate_limited', { do: 'retry', reason: 'server' }],
  ['a code of a newer server', { do: 'retry', reason: 'server' }],
  ['unauthorized', { do: 'renew' }],
  ['session_ended', { do: 'renew' }],
  ['room_not_found', { do: 'give_up', reason: 'deleted' }],
  ['not_a_participant', { do: 'give_up', reason: 'kicked' }],
  ['banned', { do: 'give_up', reason: 'banned' }],
  ['not_found', { do: 'give_up', reason: 'protocol' }],
  ['malformed', { do: 'give_up', reason: 'protocol' }],
])('a refusal with %s', (code, outcome) => {
  expect(outcomeOf(code)).toEqual(outcome);
});
