import { RawClient } from './raw-client.mjs';

/**
 * The listeners, as a process of their own, told what to do by messages of its parent. Checks every delivery:
 * lost or doubled events make the run void.
 */

const sequenceMark = Buffer.from('"sequence":');
const timeMark = Buffer.from('"timestamp":');
/** @type {{ client: RawClient, last: number }[]} */
let listeners = [];
let received = 0;
let faults = 0;
let latencies = [];
let expected = Infinity;
let reached = () => {};

const numberAfter = (payload, mark, from) => {
  const at = payload.indexOf(mark, from);
  if (at === -1) return undefined;
  let end = at + mark.length;
  while (end < payload.length && payload[end] !== 0x2c && payload[end] !== 0x7d) end += 1;
  return Number(payload.latin1Slice(at + mark.length, end));
};

const now = () => (performance.timeOrigin + performance.now()) / 1000;

function listen({ port, namespace, auth }) {
  return new Promise((resolve, reject) => {
    const client = new RawClient(port, namespace, auth);
    const listener = { client };
    client.onClose = () => reject(new Error('closed while connecting'));
    client.onEvent = (name, payload, ackId) => {
      if (name === 'connection_established') {
        client.onClose = () => {
          if (!listener.leaving) faults += 1;
        };
        resolve(listener);
        return;
      }
      if (ackId !== undefined) client.confirm(ackId);
      // The event's own number stands in its metadata, at the end.
      const sequence = numberAfter(payload, sequenceMark, payload.lastIndexOf('"metadata"'));
      if (sequence === undefined) return;
      if (name.startsWith('user_')) {
        listener.last = Math.max(listener.last, sequence);
        return;
      }
      if (listener.last !== undefined && sequence !== listener.last + 1) faults += 1;
      listener.last = sequence;
      latencies.push(now() - numberAfter(payload, timeMark, 0));
      received += 1;
      if (received === expected) reached();
    };
  });
}

const commands = {
  /** Connects them, `atOnce` at a time. */
  async connect({ targets, atOnce = 50 }) {
    const added = [];
    for (let i = 0; i < targets.length; i += atOnce) {
      added.push(...(await Promise.all(targets.slice(i, i + atOnce).map((target) => listen(target)))));
    }
    listeners.push(...added);
    return {};
  },
  /** Forgets what was counted, and where each listener is in its room. */
  begin() {
    received = 0;
    faults = 0;
    latencies = [];
    expected = Infinity;
    for (const listener of listeners) listener.last = undefined;
    commands.cpu = process.cpuUsage();
    commands.beganAt = performance.now();
    return {};
  },
  /** Waits until so many deliveries have come, and says how it went. */
  async end({ deliveries }) {
    if (received < deliveries) {
      expected = deliveries;
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, 60_000);
        reached = () => (clearTimeout(timer), resolve());
      });
    }
    const { user, system } = process.cpuUsage(commands.cpu);
    const elapsed = (performance.now() - commands.beganAt) * 1000;
    const sorted = Float64Array.from(latencies).sort();
    return {
      received,
      faults,
      busy: (user + system) / elapsed,
      p50: sorted[Math.floor(sorted.length * 0.5)],
      p99: sorted[Math.floor(sorted.length * 0.99)],
    };
  },
  /** Each says something, so that what a server keeps of the last thing said is small. */
  say() {
    for (const { client } of listeners) client.say('time_sync');
    return {};
  },
  /** Closes all connections. */
  cut() {
    for (const listener of listeners) {
      listener.leaving = true;
      listener.client.destroy();
    }
    listeners = [];
    return {};
  },
  /** All reconnect at the same time with their `after_sequence`; seconds until each has its missed events. */
  async return({ targets, missed }) {
    received = 0;
    faults = 0;
    latencies = [];
    expected = targets.length * missed;
    const began = performance.now();
    const done = new Promise((resolve) => (reached = resolve));
    const timer = setTimeout(() => reached(), 120_000);
    const connecting = targets.map((target) => listen(target));
    listeners.push(...(await Promise.all(connecting)));
    if (received < expected) await done;
    clearTimeout(timer);
    return { seconds: (performance.now() - began) / 1000, received, faults };
  },
};

process.on('message', async ({ id, name, ...args }) => {
  try {
    process.send({ id, result: await commands[name](args) });
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) });
  }
});
