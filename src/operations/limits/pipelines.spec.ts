import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, it, jest } from '@jest/globals';
import { Pipelines } from './pipelines.js';

afterEach(() => {
  jest.restoreAllMocks();
});

/** A request on a connection of its own. @returns whether it has begun */
function admit(pipelines: Pipelines, caller: string): () => boolean {
  const request = new IncomingMessage(new Socket());
  let hasBegun = false;
  pipelines.admit(request, new ServerResponse(request), {
    caller: () => ({ group: caller, key: caller }),
    start: () => (hasBegun = true),
    refuse: () => undefined,
    flooded: () => undefined,
  });
  return () => hasBegun;
}

it('begins at least one request in each turn, however slow the machine is', async () => {
  let now = 0;
  jest.spyOn(performance, 'now').mockImplementation(() => (now += 50));
  const pipelines = new Pipelines();
  const requests = ['a', 'b', 'c'].map((caller) => admit(pipelines, caller));
  for (const count of [1, 2, 3]) {
    await nextTurn();
    expect(requests.filter((hasBegun) => hasBegun())).toHaveLength(count);
  }
});

it('begins at most eight in a turn', async () => {
  jest.spyOn(performance, 'now').mockReturnValue(1);
  const pipelines = new Pipelines();
  const requests = Array.from({ length: 20 }, (_, index) => admit(pipelines, `caller ${index}`));
  for (const count of [8, 16, 20]) {
    await nextTurn();
    expect(requests.filter((hasBegun) => hasBegun())).toHaveLength(count);
  }
});
