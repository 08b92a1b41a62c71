import { cpus, totalmem } from 'node:os';
import { readFileSync, writeFileSync } from 'node:fs';
import { deliver, median, raiseAlone, servers, withListeners } from './measure.mjs';
import { plot } from './plot.mjs';

/**
 * Roomcast beside bare Socket.IO doing the same fan-out, in the same run, one after the other in turn; medians
 * of the rounds. Writes docs/benchmarks.md and docs/benchmarks.svg, and fails where a run is void.
 *
 * BENCH_ROUNDS (3): how often each is measured. BENCH_ONLY: a comma-separated choice of fan-out, listeners,
 * rooms, memory, return. BENCH_WRITE (on): off leaves the documents alone.
 */
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const only = process.env.BENCH_ONLY?.split(',');
const wanted = (name) => !only || only.includes(name);
const names = Object.keys(servers);
/** Deliveries a second at which CPU and latency are measured: well below what either server can do. */
const deliveriesPerSecond = 10_000;

const log = (text) => process.stderr.write(`${text}\n`);

/** Each server in turn, `rounds` times; a list of results for each. */
async function inTurn(label, shape, measure, alone) {
  const results = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    // Who comes first changes, so that neither has the quieter machine.
    for (const name of round % 2 === 0 ? names : [...names].reverse()) {
      const result = await withListeners(name, shape, measure, alone);
      log(`${label} ${name} ${JSON.stringify(result)}`);
      results[name].push(result);
    }
  }
  return results;
}

const medians = (results, of) =>
  Object.fromEntries(names.map((name) => [name, median(results[name].map(of))]));

/** CPU and latency of both kinds of event. */
async function fanOut(label, { rooms, listeners }) {
  const perEvent = listeners / rooms;
  const rate = deliveriesPerSecond / perEvent;
  const events = Math.max(20, Math.round(rate * 3));
  const options = { events, rate, perEvent };
  const measure = async (context) => {
    const warm = { ...options, events: Math.max(10, Math.round(events / 4)) };
    await deliver(context, { ...warm, confirmed: false });
    const plain = await deliver(context, { ...options, confirmed: false });
    await deliver(context, { ...warm, confirmed: true });
    const confirmed = await deliver(context, { ...options, confirmed: true });
    const { without } = context;
    return { plain, confirmed, without };
  };
  const results = await inTurn(label, { rooms, listeners }, measure, async (child) => ({
    plain: (await raiseAlone(child, { ...options, confirmed: false })) / (events * perEvent),
    confirmed: (await raiseAlone(child, { ...options, confirmed: true })) / (events * perEvent),
  }));
  return {
    plain: medians(results, ({ plain }) => plain.cpu),
    confirmed: medians(results, ({ confirmed }) => confirmed.cpu),
    plainAlone: medians(results, ({ plain, without }) => plain.cpu - without.plain),
    confirmedAlone: medians(results, ({ confirmed, without }) => confirmed.cpu - without.confirmed),
    p50: medians(results, ({ plain }) => plain.p50),
    p99: medians(results, ({ plain }) => plain.p99),
    confirmedP50: medians(results, ({ confirmed }) => confirmed.p50),
    confirmedP99: medians(results, ({ confirmed }) => confirmed.p99),
  };
}

/** What one connection holds, in KiB. */
async function memory(listeners) {
  const results = await inTurn('memory', { rooms: 10, listeners }, async ({ child, load, before, since }) => {
    await load.ask('say');
    // What connecting has left behind is collected first.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const after = await child.ask('memory');
    return {
      held: (after.held - before.held) / since / 1024,
      rss: (after.rss - before.rss) / since / 1024,
    };
  });
  return { held: medians(results, ({ held }) => held), rss: medians(results, ({ rss }) => rss) };
}

/** All come back at once and are given what they missed. */
async function comeBack(listeners, missed) {
  const results = await inTurn('return', { rooms: 10, listeners }, async ({ child, load, targets }) => {
    await load.ask('cut');
    const settled = await quiet(child);
    await child.ask('burst', { events: missed * 10 });
    const back = targets.map((target) => ({
      ...target,
      auth: { ...target.auth, after_sequence: settled[target.namespace] },
    }));
    await child.ask('begin');
    const result = await load.ask('return', { targets: back, missed });
    const { microseconds } = await child.ask('cpu');
    if (result.received !== listeners * missed || result.faults > 0) {
      throw new Error(
        `void: ${result.received} of ${listeners * missed} received, ${result.faults} at fault`,
      );
    }
    return { ...result, cpu: microseconds / 1e6 };
  });
  return { seconds: medians(results, ({ seconds }) => seconds), cpu: medians(results, ({ cpu }) => cpu) };
}

/** Until nobody's going is written down any more. */
async function quiet(child) {
  let before = '';
  for (;;) {
    const sequences = await child.ask('sequences');
    const now = JSON.stringify(sequences);
    if (now === before) return sequences;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const report = { listeners: {}, rooms: {} };
if (wanted('fan-out') || wanted('listeners')) {
  const sizes = wanted('listeners') ? [100, 500, 2000, 5000] : [500];
  for (const listeners of sizes)
    report.listeners[listeners] = await fanOut(`${listeners} listeners`, { rooms: 1, listeners });
}
if (wanted('rooms')) {
  for (const rooms of [10, 100, 1000])
    report.rooms[rooms] = await fanOut(`${rooms} rooms`, { rooms, listeners: rooms * 5 });
}
if (wanted('memory')) report.memory = await memory(2500);
if (wanted('return')) report.comeBack = await comeBack(1000, 100);

process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
if (!only && process.env.BENCH_WRITE !== 'off') {
  writeFileSync(new URL('../docs/benchmarks.md', import.meta.url), document(report));
  writeFileSync(new URL('../docs/benchmarks.svg', import.meta.url), plot(report));
}
process.exit(0);

function document({ listeners, rooms, memory, comeBack }) {
  const two = ({ bare, roomcast }, digits = 1) =>
    `${bare.toFixed(digits)} | ${roomcast.toFixed(digits)} | ${(roomcast / bare).toFixed(2)}`;
  const growth = (sizes, unit, [plain, confirmed]) =>
    Object.entries(sizes)
      .map(([size, of]) => `| ${size} ${unit} | ${two(of[plain])} | ${two(of[confirmed])} |`)
      .join('\n');
  const head = `| | bare, unconfirmed | Roomcast | ratio | bare, confirmed | Roomcast | ratio |
| --- | --- | --- | --- | --- | --- | --- |`;
  const whole = ['plain', 'confirmed'];
  const alone = ['plainAlone', 'confirmedAlone'];
  const { plain, confirmed, p50, p99, confirmedP50, confirmedP99 } = listeners[500];
  const { version } = JSON.parse(
    readFileSync(new URL('../node_modules/socket.io/package.json', import.meta.url)),
  );
  return `# What delivery costs

\`npm run bench\` measures Roomcast beside bare Socket.IO ${version} doing the same fan-out of the same payloads: server
and listeners in processes of their own, the listeners raw WebSocket frames, the two servers in turn after a warm-up, ${rounds === 1 ? 'one round' : `medians of ${rounds} rounds`}. Roomcast is measured whole: each event is a change that is committed to the database and the log before
it goes out, and a confirmed one is tracked and accounted for listener by listener. Bare Socket.IO keeps nothing. A
run that lost or doubled an event, or whose load generator was busy for more than 85 % of the time, counts as
failed.

Machine: ${cpus().length} cores (${cpus()[0].model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}. Shared with others, so that the ratios mean
more than the figures.

![CPU of the server per delivery, by listeners and by rooms](benchmarks.svg)

## 500 listeners in a room, ${deliveriesPerSecond.toLocaleString('en')} deliveries a second

| | bare Socket.IO | Roomcast | ratio |
| --- | --- | --- | --- |
| CPU per unconfirmed delivery, µs (\`emit\`) | ${two(plain)} |
| CPU per confirmed delivery, µs (\`emitWithAck\`) | ${two(confirmed)} |
| delivery latency p50, ms | ${two(p50)} |
| delivery latency p99, ms | ${two(p99)} |
| the same, confirmed, p50, ms | ${two(confirmedP50)} |
| the same, confirmed, p99, ms | ${two(confirmedP99)} |

Latency counts from before the change to its arrival at the listener; Roomcast's includes the commit.

## Memory, and coming back

| | bare Socket.IO | Roomcast | ratio |
| --- | --- | --- | --- |
| heap and buffers per connection, KiB (2,000 more connections in 10 rooms) | ${two(memory.held)} |
| resident memory per connection, KiB | ${two(memory.rss)} |
| 1,000 listeners return at once, 100 missed events each, s | ${two(comeBack.seconds, 2)} |
| CPU of the server for that, s | ${two(comeBack.cpu, 2)} |

The bare server keeps the last events of a room in an array and sends them unasked; Roomcast also checks the token
and the participant, writes presence down, and sends the room's whole state first.

## Growth: CPU per delivery, µs

${head}
${growth(listeners, 'listeners, 1 room', whole)}
${growth(rooms, 'rooms of 5', whole)}

With more than 250 listeners a user has several connections. The cost of the change itself, a transaction in the
database, is in these figures, and is shared by the deliveries: the fewer listeners, the more of it each has. What a
delivery costs beyond that is in the next table: the same events at the same rate were raised with nobody there to
hear them, and what that cost is subtracted.

${head}
${growth(listeners, 'listeners, 1 room', alone)}
${growth(rooms, 'rooms of 5', alone)}
`;
}
