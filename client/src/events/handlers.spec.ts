import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeEnvironment, settle } from '../../test/simulation/fake-environment.js';
import { RoomcastError } from '../errors.js';
import type { RoomcastEvent } from '../wire.js';
import { type HandlerFailure, Handlers } from './handlers.js';

const event = { type: 'track_voted', event_id: '1' } as RoomcastEvent;
const timeoutMs = 4_000;
let environment: FakeEnvironment;
let handlers: Handlers;
let failures: HandlerFailure[];

beforeEach(() => {
  environment = new FakeEnvironment(() => 0);
  handlers = new Handlers(environment, timeoutMs);
  failures = [];
  handlers.onFailure((failure) => failures.push(failure));
});

describe('handlers', () => {
  it('are called in the order in which they were added, and are done at once if none is asynchronous', () => {
    const calls: number[] = [];
    handlers.add('track_voted', () => void calls.push(1));
    handlers.add('track_voted', () => void calls.push(2));
    handlers.add('track_unvoted', () => void calls.push(3));
    expect(handlers.run(event, false)).toBeUndefined();
    expect(calls).toEqual([1, 2]);
  });

  it('are not called any more once they are removed', () => {
    let calls = 0;
    const off = handlers.add('track_voted', () => void (calls += 1));
    void handlers.run(event, false);
    off();
    off();
    void handlers.run(event, false);
    expect(calls).toBe(1);
  });

  it('are waited for', async () => {
    let finish!: () => void;
    handlers.add('track_voted', () => new Promise<void>((resolve) => (finish = resolve)));
    let done = false;
    void handlers.run(event, false)!.then(() => (done = true));
    await settle();
    expect(done).toBe(false);
    finish();
    await settle();
    expect(done).toBe(true);
    expect(environment.waiting).toBe(0);
  });

  it('that throw or reject are reported once each, and the others run', async () => {
    const thrown = new Error('thrown');
    const rejected = new Error('rejected');
    let others = 0;
    handlers.add('track_voted', () => {
      throw thrown;
    });
    handlers.add('track_voted', () => Promise.reject(rejected));
    handlers.add('track_voted', () => void (others += 1));
    await handlers.run(event, false);
    expect(failures).toEqual([
      { event, error: thrown },
      { event, error: rejected },
    ]);
    expect(others).toBe(1);
  });

  it('that take too long are reported and told, and nothing waits for them any longer', async () => {
    let signal: AbortSignal | undefined;
    handlers.add('track_voted', (_event, context) => {
      signal = context.signal;
      return new Promise(() => undefined);
    });
    let done = false;
    void handlers.run(event, false)!.then(() => (done = true));
    await environment.advance(timeoutMs - 1);
    expect([done, signal?.aborted]).toEqual([false, false]);
    await environment.advance(1);
    expect([done, signal?.aborted]).toEqual([true, true]);
    expect(failures).toHaveLength(1);
    expect((failures[0]!.error as RoomcastError).code).toBe('handler_timeout');
  });

  it('are told whether the event is replayed, and that the room is closed', async () => {
    const seen: unknown[] = [];
    handlers.add('track_voted', async (_event, { replayed, signal }) => {
      seen.push(replayed);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      seen.push((signal.reason as RoomcastError).code);
    });
    void handlers.run(event, true);
    handlers.abort(new RoomcastError('closed', 'closed'));
    await settle();
    expect(seen).toEqual([true, 'closed']);
  });
});
