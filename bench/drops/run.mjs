import { Child } from '../measure.mjs';
import { writeSection } from '../sections.mjs';
import { failures, saturation } from './acceptance.mjs';
import { Commands } from './commands.mjs';
import { section } from './document.mjs';
import { watchMachine } from './machine.mjs';
import { RoomApi } from './room-api.mjs';

/**
 * Roomcast, bare Socket.IO and Socket.IO with connection state recovery and retries, while every listener's TCP
 * connection is closed about every 15 s. Writes a section of docs/benchmarks.md; exits with 1 and writes nothing
 * if Roomcast misses a limit (acceptance.mjs) or the load generator was saturated.
 *
 * BENCH_SECONDS (60): how long events are published in each run. BENCH_SEED (1): the seed of the cuts.
 * BENCH_ONLY: the users of the scenarios to run (30, 700), comma-separated. BENCH_SERVERS: the servers to run,
 * comma-separated. BENCH_WRITE (on): off leaves the document alone, as the two choices and a shorter run do.
 */
const seconds = Number(process.env.BENCH_SECONDS ?? 60);
const seed = Number(process.env.BENCH_SEED ?? 1);
const fullSeconds = 60;
const chosen = (variable, name) => process.env[variable]?.split(',').includes(String(name)) ?? true;

const scenarios = [
  { connections: 600, users: 30 },
  { connections: 700, users: 700 },
].filter(({ users }) => chosen('BENCH_ONLY', users));

const servers = [
  { name: 'bare', label: 'bare Socket.IO', client: 'bare', file: './drops/server-socketio.mjs', args: [] },
  {
    name: 'recovery',
    label: 'Socket.IO, recovery and acknowledgements',
    client: 'recovery',
    file: './drops/server-socketio.mjs',
    args: ['recovery'],
  },
  { name: 'roomcast', label: 'Roomcast', client: 'roomcast', file: './server-roomcast.mjs', args: [] },
].filter(({ name }) => chosen('BENCH_SERVERS', name));

/** Events a second; every `commandEvery`th is a playback command over REST. */
const rate = 10;
const commandEvery = 5;
/** Long enough for a confirmation timeout (5 s) and a presence grace (5 s) to elapse and be seen. */
const quietMs = 8000;
const settleLimitMs = 120_000;

const log = (text) => process.stderr.write(`${text}\n`);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One server in one scenario, in processes of their own. */
async function measure(server, { connections, users }) {
  const child = new Child(server.file, server.args);
  const load = new Child('./drops/load.mjs');
  try {
    const { targets } = await child.ask('setup', { rooms: 1, listeners: connections, users, pings: true });
    await child.ask('burst', { events: 1000 });
    const [{ port, namespace, auth }] = targets;
    const room = new RoomApi(port, namespace.slice('/rooms/'.length), auth.token);
    const logged = server.name === 'roomcast';
    if (logged) await room.startTrack();
    await load.ask('connect', { targets, client: server.client, seed });
    await sleep(quietMs);

    const sequenceBefore = logged ? await room.sequence() : undefined;
    const machine = watchMachine();
    await load.ask('startCuts');
    const commands = new Commands(room);
    const perSecond = rate / commandEvery;
    const sendCommands = commands.send(seconds * perSecond, perSecond);
    const votesPerSecond = rate - perSecond;
    const { published: votes, behind } = await child.ask('run', {
      events: seconds * votesPerSecond,
      rate: votesPerSecond,
      record: true,
    });
    await sendCommands;
    const window = await load.ask('stopCuts');
    const settled = await load.ask('settle', { quietMs, limitMs: settleLimitMs });
    const { microseconds } = await child.ask('cpu');
    const otherCores = machine.otherCores(microseconds / 1e6 + (await load.ask('cpuSeconds')));

    const published = [...votes, ...commands.published].sort((a, b) => a.sequence - b.sequence);
    const figures = await load.ask('figures', { published });
    const events = logged
      ? await room.logFigures({ sequenceBefore, published: published.length })
      : undefined;
    return {
      ...figures,
      ...window,
      settled,
      behind,
      published: published.length,
      commands: commands.figures(),
      cpu: microseconds / 1e6,
      otherCores,
      log: events,
    };
  } finally {
    child.end();
    load.end();
  }
}

const startedAt = performance.now();
const results = [];
for (const scenario of scenarios) {
  const figures = {};
  for (const server of servers) {
    figures[server.name] = await measure(server, scenario);
    log(
      `${scenario.connections} of ${scenario.users}, ${server.name}: ${JSON.stringify(figures[server.name])}`,
    );
  }
  results.push({ scenario, figures });
}
const minutes = (performance.now() - startedAt) / 60_000;

process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
const missed = [...saturation(results), ...failures(results)];
for (const line of missed) log(`not met: ${line}`);
if (missed.length > 0) process.exit(1);

const whole = scenarios.length === 2 && servers.length === 3 && seconds >= fullSeconds;
if (whole && process.env.BENCH_WRITE !== 'off') {
  const settings = { seconds, rate, commandEvery, minutes };
  writeSection('drops', 'npm run bench -- drops', section(results, servers, settings));
}
process.exit(0);
