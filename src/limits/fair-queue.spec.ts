import { describe, expect, it } from '@jest/globals';
import { FairQueue, QueueRefusal } from './fair-queue.js';

/** Jobs that the test ends, and the order in which they started. */
function jobs(queue: FairQueue) {
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const results = new Map<string, Promise<string>>();
  return {
    started,
    add(key: string, name: string): void {
      const result = queue
        .run(key, () => {
          started.push(name);
          return new Promise<void>((resolve) => ends.set(name, resolve));
        })
        .then(
          () => 'done',
          (error: unknown) => (error instanceof QueueRefusal ? error.reason : String(error)),
        );
      results.set(name, result);
    },
    async end(name: string): Promise<void> {
      ends.get(name)!();
      await results.get(name);
      // Wait until the next job has started.
      await new Promise(setImmediate);
    },
    result: (name: string) => results.get(name)!,
  };
}

const settled = () => new Promise(setImmediate);

describe('the fair queue', () => {
  it('runs at most maxRunningPerKey jobs of a key, even if more could run', async () => {
    const { add, started, end } = jobs(
      new FairQueue({ maxRunning: 2, maxRunningPerKey: 1, maxWaiting: 10, maxWaitingPerKey: 10 }),
    );
    add('ada', 'a1');
    add('ada', 'a2');
    await settled();
    expect(started).toEqual(['a1']);
    add('bob', 'b1');
    await settled();
    expect(started).toEqual(['a1', 'b1']);
    await end('a1');
    expect(started).toEqual(['a1', 'b1', 'a2']);
  });

  it('alternates between keys', async () => {
    const { add, started, end } = jobs(
      new FairQueue({ maxRunning: 1, maxWaiting: 10, maxWaitingPerKey: 10 }),
    );
    for (const name of ['a1', 'a2', 'a3', 'a4']) add('ada', name);
    for (const name of ['b1', 'b2']) add('bob', name);
    add('cyd', 'c1');
    await settled();
    while (started.length < 7) await end(started.at(-1)!);
    expect(started).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
  });

  it('refuses jobs beyond maxWaitingPerKey and maxWaiting', async () => {
    const { add, result, end } = jobs(new FairQueue({ maxRunning: 1, maxWaiting: 3, maxWaitingPerKey: 2 }));
    for (const name of ['a1', 'a2', 'a3', 'a4']) add('ada', name);
    expect(await result('a4')).toBe('full');
    for (const name of ['b1', 'b2']) add('bob', name);
    expect(await result('b2')).toBe('full');
    await end('a1');
    add('cyd', 'c1');
    await end('a2');
    await end('b1');
    await end('a3');
    await end('c1');
    expect(await result('c1')).toBe('done');
  });

  it('evicts the newest job of the key with the most waiting for a key with fewer', async () => {
    const { add, result } = jobs(new FairQueue({ maxRunning: 2, maxWaiting: 4 }));
    for (const name of ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7']) add('ada', name);
    expect(await result('a7')).toBe('full');
    add('bob', 'b1');
    expect(await result('a6')).toBe('full');
    add('bob', 'b2');
    expect(await result('a5')).toBe('full');
    // Both have two waiting now, so bob's third job would not have fewer than any other key.
    add('bob', 'b3');
    expect(await result('b3')).toBe('full');
    add('cyd', 'c1');
    expect(await Promise.race([result('a4'), result('b2')])).toBe('full');
  });

  it('continues after a job that fails', async () => {
    const queue = new FairQueue({ maxRunning: 1, maxWaiting: 1, maxWaitingPerKey: 1 });
    await expect(queue.run('ada', () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(await queue.run('ada', () => Promise.resolve(1))).toBe(1);
  });

  it('removes a waiting job that is aborted; the next one gets its turn, and a running job continues', async () => {
    const queue = new FairQueue({ maxRunning: 1, maxWaiting: 2 });
    const { add, started, result, end } = jobs(queue);
    const [running, waiting] = [new AbortController(), new AbortController()];
    let finish = () => undefined as void;
    const first = queue.run('ada', () => new Promise<void>((resolve) => (finish = resolve)), running.signal);
    const second = queue.run('ada', () => Promise.resolve(), waiting.signal);
    add('ada', 'a3');
    running.abort();
    waiting.abort();
    await expect(second).rejects.toMatchObject({ reason: 'aborted' });
    await expect(queue.run('ada', () => Promise.resolve(), waiting.signal)).rejects.toMatchObject({
      reason: 'aborted',
    });
    // Its place is free again.
    add('ada', 'a4');
    expect(started).toEqual([]);
    finish();
    await first;
    await settled();
    expect(started).toEqual(['a3']);
    await end('a3');
    await end('a4');
    expect(await result('a4')).toBe('done');
  });

  it('refuses waiting and new jobs once it is closed, and lets running ones finish', async () => {
    const queue = new FairQueue({ maxRunning: 1, maxWaiting: 10, maxWaitingPerKey: 10 });
    const { add, started, result, end } = jobs(queue);
    add('ada', 'a1');
    add('ada', 'a2');
    add('bob', 'b1');
    queue.close();
    add('cyd', 'c1');
    expect([await result('a2'), await result('b1'), await result('c1')]).toEqual([
      'closed',
      'closed',
      'closed',
    ]);
    await end('a1');
    expect(await result('a1')).toBe('done');
    expect(started).toEqual(['a1']);
  });
});
