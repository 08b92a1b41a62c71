import { monitorEventLoopDelay } from 'node:perf_hooks';
import { connectionFigures, deliveryFigures } from './figures.mjs';
import { listeners as kinds } from './listener.mjs';

/** The listeners of the drops benchmark, in a process of their own, told what to do by messages of the parent. */
const atOnce = 50;
const delayResolutionMs = 10;
let listeners = [];
let cpu;
let measuredFrom;
const delay = monitorEventLoopDelay({ resolution: delayResolutionMs });

/** Mulberry32: a number in [0, 1) a call, the same for the same seed. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const commands = {
  /** @param client which kind of listener: bare, recovery or roomcast */
  async connect({ targets, client, seed }) {
    // Each has a sequence of its own, so that cuts do not depend on the order in which timers fire.
    listeners = targets.map((target, i) => new kinds[client](target, randomFrom(seed * 1_000_003 + i)));
    for (let i = 0; i < listeners.length; i += atOnce) {
      await Promise.all(listeners.slice(i, i + atOnce).map((listener) => listener.start()));
    }
  },
  startCuts() {
    cpu = process.cpuUsage();
    measuredFrom = performance.now();
    delay.enable();
    for (const listener of listeners) listener.startCuts();
  },
  /** @returns how busy this process was meanwhile: a share of one core, and how late its timers were, in ms */
  stopCuts() {
    for (const listener of listeners) listener.stopCuts();
    delay.disable();
    const { user, system } = process.cpuUsage(cpu);
    const busy = (user + system) / 1000 / (performance.now() - measuredFrom);
    // The histogram's values include the interval of its own timer.
    const late = (nanoseconds) => nanoseconds / 1e6 - delayResolutionMs;
    return { load: { busy, delayP99: late(delay.percentile(99)), delayMax: late(delay.max) } };
  },
  /** CPU time since the cuts began. */
  cpuSeconds() {
    const { user, system } = process.cpuUsage(cpu);
    return (user + system) / 1e6;
  },
  /** Waits until all are connected and none has received an event for `quietMs`. */
  async settle({ quietMs, limitMs }) {
    const began = performance.now();
    for (;;) {
      const waitedMs = performance.now() - began;
      const newest = Math.max(...listeners.map(({ lastEventAt }) => lastEventAt));
      const ageMs = performance.timeOrigin + performance.now() - newest * 1000;
      const away = listeners.filter(({ connected }) => !connected).length;
      const complete = away === 0 && ageMs >= quietMs && waitedMs >= quietMs;
      if (complete || waitedMs > limitMs) return { complete, away, seconds: waitedMs / 1000 };
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  },
  figures({ published }) {
    return { ...deliveryFigures(listeners, published), ...connectionFigures(listeners) };
  },
};

process.on('message', async ({ id, name, ...args }) => {
  try {
    process.send({ id, result: await commands[name](args) });
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) });
  }
});
process.on('disconnect', () => process.exit(0));
