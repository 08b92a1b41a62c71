import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { limits } from './acceptance.mjs';

const none = '–';
const number = (value) => value.toLocaleString('en');
const ms = (value) => value.toFixed(value < 100 ? 1 : 0);
/** Rounded down: what is not all is not 100 %. */
const percent = (part, of) => `${(Math.floor((part / of) * 10_000) / 100).toFixed(2)} %`;
const logged = (show) => (figures) => (figures.log ? show(figures.log) : none);

const rows = [
  ['delivered once and in order', ({ onceInOrder, expected }) => percent(onceInOrder, expected)],
  ['lost', ({ lost }) => number(lost)],
  ['doubled, after the client has dropped duplicates', ({ doubled }) => number(doubled)],
  ['out of order', ({ outOfOrder }) => number(outOfOrder)],
  ['connections cut', ({ cuts }) => number(cuts)],
  ['reconnects without resuming', ({ resets }) => number(resets)],
  ['duplicates that the client dropped', ({ duplicates }) => number(duplicates)],
  ['connections closed by the server', ({ closedByServer }) => number(closedByServer)],
  ['delivery latency while connected, p50, ms', ({ latency }) => ms(latency.p50)],
  ['the same, p99, ms', ({ latency }) => ms(latency.p99)],
  ['command, call to answer, p99, ms', ({ commands }) => ms(commands.p99)],
  ['reconnect, TCP connection to room, p99, ms', ({ reconnect }) => ms(reconnect.p99)],
  ['CPU of the server, s', ({ cpu }) => cpu.toFixed(1)],
  [
    'the same per delivered event, µs',
    ({ cpu, expected, lost }) => ((cpu * 1e6) / Math.max(1, expected - lost)).toFixed(1),
  ],
  ['ratio of CPU to bare Socket.IO', ({ cpu }, bare) => (cpu / bare.cpu).toFixed(2)],
  ['events logged during the run', logged((log) => number(log.logged))],
  ['of these presence', logged((log) => `${number(log.presence)} (${percent(log.presence, log.logged)})`)],
  ['seconds that the log reaches back', logged((log) => Math.round(log.keptSeconds))],
  ['cores in use by other processes of the machine', ({ otherCores }) => otherCores.toFixed(1)],
];

function table({ scenario, figures }, servers) {
  const head = `| | ${servers.map(({ label }) => label).join(' | ')} |`;
  const body = rows.map(
    ([label, show]) =>
      `| ${label} | ${servers.map(({ name }) => show(figures[name], figures.bare)).join(' | ')} |`,
  );
  const { connections, users } = scenario;
  const title =
    users === connections ? `${users} connections of as many` : `${connections} connections of ${users}`;
  return `## Dropped connections: ${title} users\n\n${[head, `| --- |${' --- |'.repeat(servers.length)}`, ...body].join('\n')}`;
}

/** The section of docs/benchmarks.md. */
export function section(results, servers, { seconds, rate, commandEvery, minutes }) {
  const { version } = JSON.parse(
    readFileSync(new URL('../../node_modules/socket.io/package.json', import.meta.url)),
  );
  const expected = number(results[0].figures.roomcast.published);
  const loads = results.flatMap(({ figures }) => Object.values(figures).map(({ load }) => load));
  const busiest = Math.round(Math.max(...loads.map(({ busy }) => busy)) * 100);
  const latest = ms(Math.max(...loads.map(({ delayP99 }) => delayP99)));
  return `# Connections that drop

\`npm run bench -- drops\` cuts every listener's TCP connection about every 15 s (7.5 to 22.5 s, without a close
handshake). Each listener reconnects after 0.2 to 1 s and resumes as far as its server lets it. All are in one room. In
${seconds} s ${expected} events are published, ${rate} a second: votes, and every ${ordinal(commandEvery)} a playback command over REST. One run
of each server in each scenario, one after the other, took ${Math.round(minutes)} minutes in all. Server, listeners and publisher are processes
of their own; the cuts are the same for each server, as far as their timing allows.

- **Bare Socket.IO** ${version}: each event is one \`emit\` to the room. Nothing is kept, so what is sent while a client is away
  is lost, and there is nothing to resume.
- **Socket.IO with recovery and acknowledgements**: \`connectionStateRecovery\` (2 min) replays the events that were emitted while the client was disconnected.
  It does not store packets that ask for an acknowledgement, so playback events are sent to each session with
  \`emitWithAck\`, a timeout of 5 s and 3 attempts; a session that is away is tried again every second. Nothing is
  written to a disk.
- **Roomcast**, whole: each event is committed to the database and the log, presence is kept, tokens are checked, a
  returning client is sent the room's state and what it missed. The listener follows the rules of README.md, and
  closes at a gap in the sequence.

Latency counts from the call that publishes an event to its arrival, for connections that stood at the call. CPU is that of the
server's process from the first cut until nothing more arrives, reconnects included. The run counts as failed where
Roomcast does not deliver all events once and in order, does not resume a connection, has a p99 of commands of ${limits.commandP99Ms} ms or
more, or uses more than ${limits.cpuRatio === 2 ? 'twice' : `${limits.cpuRatio} times`} the CPU of bare Socket.IO; or where the load generator was busy for more than ${limits.loadBusy * 100} % of
the time (here at most ${busiest} %) or its timers were more than ${limits.loadDelayMs} ms late at p99 (here at most ${latest} ms).

Machine: ${cpus().length} cores (${cpus()[0].model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, shared with others: where they take much of it, latencies mean little.

${results.map((result) => table(result, servers)).join('\n\n')}
`;
}

const ordinal = (n) => ({ 2: 'second', 3: 'third', 4: 'fourth', 5: 'fifth' })[n] ?? `${n}th`;
