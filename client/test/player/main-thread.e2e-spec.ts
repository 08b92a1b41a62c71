import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { installTimeoutMs, type Rig, startRig } from './browser.js';
import { longFile } from './long-file.js';

// In real time, on a machine that may be busy.
jest.setTimeout(120_000);

/** A task is long from here on. */
const longMs = 50;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ 'long.wav': longFile(600, 48_000) });
}, installTimeoutMs);
afterAll(() => rig.close());

interface TraceEvent {
  name: string;
  /** Microseconds of the processor, which other processes do not lengthen. */
  tdur?: number;
  ts: number;
  tid: number;
  pid: number;
  args: { name?: string };
}

/*
 * `PerformanceObserver` counts the time that passes, in which a busy machine runs other processes. The browser's trace has
 * the time that the main thread computed.
 */
test('playing and seeking in a track of 10 minutes never keeps the main thread busy for 50 ms', async () => {
  const page = await rig.open();
  const browser = page.context().browser()!;
  // The first load: decoders and the output start.
  await page.evaluate(async () => {
    const { Watch, trackOf, until } = window.rig;
    const watch = new Watch();
    Object.assign(window, { watch });
    watch.room.play(trackOf('long.wav', 600), 0, 0.3);
    await until(() => (watch.player.heard?.position ?? 0) > 1, 'playing', 30_000);
  });
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', '__metadata'] });
  await page.evaluate(async () => {
    const { trackOf, until } = window.rig;
    const { watch } = window as unknown as { watch: InstanceType<typeof window.rig.Watch> };
    const { player, room } = watch;
    await until(() => (player.heard?.position ?? 0) > 6, 'playing on', 30_000);
    for (const position of [300, 100, 590, 30]) {
      room.play(trackOf('long.wav', 600), position, 0.3);
      await until(
        () => Math.abs((player.heard?.position ?? -10) - position - 2) < 1,
        `a seek to ${position}`,
        30_000,
      );
    }
    await watch.end();
  });
  const { traceEvents } = JSON.parse(String(await browser.stopTracing())) as { traceEvents: TraceEvent[] };
  const mainThreads = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const tasks = traceEvents.filter(
    ({ name, pid, tid, tdur }) =>
      name.endsWith('RunTask') && tdur !== undefined && mainThreads.has(`${pid} ${tid}`),
  );
  // Steps of the player come four times a second: without them nothing was measured.
  expect(tasks.length).toBeGreaterThan(100);
  expect(tasks.map(({ tdur }) => tdur! / 1000).filter((ms) => ms >= longMs)).toEqual([]);
});
