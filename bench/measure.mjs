import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A child process that answers commands. */
export class Child {
  #process;
  #next = 0;
  #waiting = new Map();

  constructor(file, args = [], env = {}) {
    this.#process = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
      execArgv: ['--no-warnings', '--expose-gc'],
      env: { ...process.env, ...env },
    });
    this.#process.on('message', ({ id, result, error }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) reject(new Error(error));
      else resolve(result);
    });
    this.#process.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${file} ended with ${code}`));
    });
  }

  ask(name, args = {}) {
    return new Promise((resolve, reject) => {
      const id = ++this.#next;
      this.#waiting.set(id, { resolve, reject });
      this.#process.send({ id, name, ...args });
    });
  }

  end() {
    this.#process.kill('SIGKILL');
  }
}

export const servers = {
  bare: { file: './server-bare.mjs', env: {} },
  roomcast: { file: './server-roomcast.mjs', env: { TRANSPORT: 'fast' } },
  standard: { file: './server-roomcast.mjs', env: { TRANSPORT: 'standard' } },
};

/** Events of each kind before anything is measured. */
const warmUp = 3000;

/** A load generator that was busier than this share of a core was the limit. */
const busiest = 0.85;

/** A server that raised its last event so much too late, in seconds, was the limit. */
const latest = 0.4;

/**
 * A server with its listeners connected, handed to `work`; both processes end with it.
 * @param alone is asked before anyone has connected, and its answer handed on too
 */
export async function withListeners(
  server,
  { rooms, listeners, pings = false },
  work,
  alone = () => undefined,
) {
  const child = new Child(servers[server].file, [], servers[server].env);
  const load = new Child('./load.mjs');
  try {
    const { targets } = await child.ask('setup', { rooms, listeners, pings });
    // Warm-up: the code is compiled by the JIT, as in a server that has been running; without listeners.
    await child.ask('burst', { events: warmUp, confirmed: false });
    await child.ask('burst', { events: warmUp, confirmed: true });
    const without = await alone(child);
    // What the first connections make a process load and compile belongs to none of them.
    const first = Math.ceil(targets.length / 5);
    await load.ask('connect', { targets: targets.slice(0, first) });
    await load.ask('say');
    const before = await child.ask('memory');
    await load.ask('connect', { targets: targets.slice(first) });
    return await work({ child, load, targets, without, before, since: targets.length - first });
  } finally {
    child.end();
    load.end();
  }
}

/** What so many unconfirmed events cost without listeners, in µs of the server's CPU. */
export async function raiseAlone(child, { events, rate }) {
  await child.ask('run', { events, rate, confirmed: false });
  const { microseconds } = await child.ask('cpu');
  return microseconds;
}

/** CPU of the server per delivery and the latency of deliveries, at a fixed rate. @throws if the run is void */
export async function deliver({ child, load }, { events, rate, confirmed, perEvent }) {
  const deliveries = events * perEvent;
  await load.ask('begin');
  const { behind } = await child.ask('run', { events, rate, confirmed });
  const end = await load.ask('end', { deliveries });
  const { microseconds } = await child.ask('cpu');
  if (end.received !== deliveries || end.faults > 0) {
    throw new Error(
      `void: ${end.received} of ${deliveries} received, ${end.faults} lost, doubled or out of order`,
    );
  }
  if (end.busy > busiest)
    throw new Error(`void: the load generator was the limit (${Math.round(end.busy * 100)} % busy)`);
  if (behind > latest)
    throw new Error(`void: the server was the limit (${Math.round(behind * 1000)} ms behind)`);
  return { cpu: microseconds / deliveries, p50: end.p50 * 1000, p99: end.p99 * 1000, busy: end.busy, behind };
}

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
