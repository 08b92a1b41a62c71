import { cpus, totalmem } from 'node:os';
import { readFileSync, writeFileSync } from 'node:fs';
import { deliver, median, raiseAlone, servers, withListeners } from './measure.mjs';
import { plot } from './plot.mjs';
import { writeSection } from './sections.mjs';

/**
 * Roomcast beside bare Socket.IO doing the same fan-out, in the same run, one after the other in turn; medians
 * of the rounds. Writes its section of docs/benchmarks.md and docs/benchmarks.svg, and fails if a run is void.
 *
 * BENCH_ROUNDS (3): how often each is measured. BENCH_ONLY: a comma-separated choice of fan-out, listeners,
 * rooms, memory, return. BENCH_WRITE (on): off leaves the documents alone.
 */
const rounds = Number(process.env.BENCH_ROUNDS ?? 3);
const only = process.env.BENCH_ONLY?.split(',');
const wanted = (name) => !only || only.includes(name);
const all = Object.keys(servers);
/** Where the cost is measured as it grows, the standard transport is left out. */
const two = ['bare', 'roomcast'];
/**
 * Deliveries a second. Busy: so many that neither server sleeps between two events; confirmed ones cost more, and in
 * rooms of five each fifth is a change. Calm: few.
 */
const busy = { plain: 50_000, confirmed: 30_000 };
const busyRooms = { plain: 10_000, confirmed: 10_000 };
const calm = { plain: 10_000, confirmed: 10_000 };
/** How long events are raised for each figure, in seconds. */
const duration = 4;

const log = (text) => process.stderr.write(`${text}\n`);

/** Each server in turn, `rounds` times; a list of results for each. */
async function inTurn(label, shape, measure, alone, names = all) {
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
  Object.fromEntries(Object.keys(results).map((name) => [name, median(results[name].map(of))]));

const kinds = ['plain', 'confirmed'];
/** The busiest load generator, and the most that a server was behind its rate, in seconds. */
const limits = { busy: 0, behind: 0 };

/** CPU and latency of both kinds of event, at each of the rates; by rate, kind and figure the medians of each server. */
async function fanOut(label, { rooms, listeners }, rates, names = two) {
  const perEvent = listeners / rooms;
  const plan = Object.entries(rates).flatMap(([rate, deliveries]) =>
    kinds.map((kind) => {
      const perSecond = deliveries[kind] / perEvent;
      const events = Math.max(20, Math.round(perSecond * duration));
      return { rate, kind, options: { rate: perSecond, perEvent, events, confirmed: kind === 'confirmed' } };
    }),
  );
  const measure = async (context) => {
    const figures = {};
    for (const { rate, kind, options } of plan) {
      await deliver(context, { ...options, events: Math.max(10, Math.round(options.events / 3)) });
      const figure = await deliver(context, options);
      limits.busy = Math.max(limits.busy, figure.busy);
      limits.behind = Math.max(limits.behind, figure.behind);
      (figures[rate] ??= {})[kind] = figure;
    }
    return { ...figures, alone: context.without };
  };
  const alone = async (child) => {
    const [{ options }] = plan;
    return (await raiseAlone(child, options)) / options.events;
  };
  const results = await inTurn(label, { rooms, listeners }, measure, alone, names);
  const of = (pick) => medians(results, pick);
  const result = { alone: of(({ alone }) => alone) };
  for (const { rate, kind } of plan) {
    const figures = ['cpu', 'p50', 'p99'].map((name) => [name, of((measured) => measured[rate][kind][name])]);
    (result[rate] ??= {})[kind] = Object.fromEntries(figures);
  }
  return result;
}

/** What one connection holds, in KiB, and what it costs while nothing happens, its pings included. */
async function memory(listeners) {
  const shape = { rooms: 10, listeners, pings: true };
  const results = await inTurn('memory', shape, async ({ child, load, before, since }) => {
    await load.ask('say');
    // What connecting has left behind is collected first.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const after = await child.ask('memory');
    await load.ask('begin');
    await child.ask('begin');
    // Each connection is pinged once.
    const { seconds } = await child.ask('pings');
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const { microseconds } = await child.ask('cpu');
    const { faults } = await load.ask('end', { deliveries: 0 });
    if (faults > 0) throw new Error(`void: ${faults} connections ended while nothing happened`);
    return {
      idle: microseconds / seconds / listeners,
      held: (after.held - before.held) / since / 1024,
      rss: (after.rss - before.rss) / since / 1024,
    };
  });
  const of = (name) => medians(results, (figures) => figures[name]);
  return { held: of('held'), rss: of('rss'), idle: of('idle') };
}

/** All listeners reconnect at the same time and are replayed the missed events. */
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

/** Waits until the disconnects of all users have been written. */
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
    report.listeners[listeners] = await fanOut(
      `${listeners} listeners`,
      { rooms: 1, listeners },
      listeners === 500 ? { busy, calm } : { busy },
      listeners === 500 ? all : two,
    );
}
if (wanted('rooms')) {
  for (const rooms of [10, 100, 1000])
    report.rooms[rooms] = await fanOut(
      `${rooms} rooms`,
      { rooms, listeners: rooms * 5 },
      { busy: busyRooms },
    );
}
if (wanted('memory')) report.memory = await memory(2500);
if (wanted('return')) report.comeBack = await comeBack(1000, 100);

process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
if (!only && process.env.BENCH_WRITE !== 'off') {
  writeSection('delivery', 'npm run bench', document(report));
  writeFileSync(
    new URL('../docs/benchmarks.svg', import.meta.url),
    plot(report, { inOneRoom: rates(busy), inRooms: perSecond(busyRooms.plain) }),
  );
}
process.exit(0);

function perSecond(deliveries) {
  return `${deliveries.toLocaleString('en')} a second`;
}

function rates({ plain, confirmed }) {
  return `${perSecond(plain)} (confirmed ${confirmed.toLocaleString('en')})`;
}

function document({ listeners, rooms, memory, comeBack }) {
  const besides = ({ bare, roomcast }, digits = 1) =>
    `${bare.toFixed(digits)} | ${roomcast.toFixed(digits)} | ${(roomcast / bare).toFixed(2)}`;
  const three = (figures, digits = 1) =>
    `${besides(figures, digits)} | ${figures.standard.toFixed(digits)} | ${(figures.standard / figures.bare).toFixed(2)}`;
  const columns = `| | bare Socket.IO | Roomcast | ratio | Roomcast, standard transport | ratio |
| --- | --- | --- | --- | --- | --- |`;
  const growth = (sizes, rate, unit) =>
    Object.entries(sizes)
      .map(
        ([size, of]) =>
          `| ${size} ${unit} | ${kinds.map((kind) => besides(of[rate][kind].cpu)).join(' | ')} |`,
      )
      .join('\n');
  const head = `| | bare, unconfirmed | Roomcast | ratio | bare, confirmed | Roomcast | ratio |
| --- | --- | --- | --- | --- | --- | --- |`;
  const flat = (sizes, unit) =>
    kinds
      .flatMap((kind) =>
        two.map((name) => {
          const costs = Object.values(sizes).map((of) => of.busy[kind].cpu[name]);
          const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
          const off = costs.map((cost) => Math.round((cost / mean - 1) * 100));
          const signed = off.map(
            (percent) => `${percent > 0 ? '+' : percent < 0 ? '−' : ''}${Math.abs(percent)} %`,
          );
          const label = kind === 'plain' ? 'unconfirmed' : 'confirmed';
          return `| ${unit}, ${label}, ${name} | ${mean.toFixed(1)} | ${signed.join(', ')} |`;
        }),
      )
      .join('\n');
  const costs = ({
    plain,
    confirmed,
  }) => `| CPU per unconfirmed delivery, µs (\`emit\`) | ${three(plain.cpu)} |
| CPU per confirmed delivery, µs (\`emitWithAck\`) | ${three(confirmed.cpu)} |`;
  const latencies = ({ plain, confirmed }) => `| delivery latency p50, ms | ${three(plain.p50)} |
| delivery latency p99, ms | ${three(plain.p99)} |
| the same, confirmed, p50, ms | ${three(confirmed.p50)} |
| the same, confirmed, p99, ms | ${three(confirmed.p99)} |`;
  const { version } = JSON.parse(
    readFileSync(new URL('../node_modules/socket.io/package.json', import.meta.url)),
  );
  return `# What delivery costs

\`npm run bench\` measures Roomcast beside bare Socket.IO ${version} doing the same fan-out of the same payloads: server
and listeners in processes of their own, the listeners raw WebSocket frames, the servers in turn after a warm-up,
${rounds === 1 ? 'one round' : `medians of ${rounds} rounds`}. Roomcast is measured whole: each event is a change that is committed to the database and the log before
it goes out, and a confirmed one is tracked and accounted for listener by listener. Bare Socket.IO keeps nothing. Roomcast
is measured with the fast transport, and where a column says so with \`TRANSPORT=standard\`, which uses public interfaces of
Socket.IO alone. Where
something is delivered pings are switched off: they fall into one measurement and not into the next.

A run counts as failed where an event was lost or doubled, the load generator was busy for more than 85 % of the time
(here at most ${Math.round(limits.busy * 100)} %), or a server raised the last of four seconds' events more than 0.4 s late
(here at most ${Math.round(limits.behind * 1000)} ms).

Machine: ${cpus().length} cores (${cpus()[0].model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}. Shared with others, so that the ratios mean
more than the figures.

![CPU of the server per delivery, by listeners and by rooms](benchmarks.svg)

## 500 listeners in a room, ${perSecond(calm.plain)}

${columns}
${costs(listeners[500].calm)}
${latencies(listeners[500].calm)}

Latency counts from the timestamp of the event, which Roomcast gives it once it holds the room and before the commit, to
its arrival at the listener.

## 500 listeners in a room, ${rates(busy)}

${columns}
${costs(listeners[500].busy)}

## Memory, and coming back

${columns}
| heap and buffers per connection, KiB (2,000 more connections in 10 rooms) | ${three(memory.held)} |
| resident memory per connection, KiB | ${three(memory.rss)} |
| CPU per idle connection and second, µs (pings every 25 s and every 20 s, and what the server does by itself) | ${three(memory.idle)} |
| 1,000 listeners return at once, 100 missed events each, s | ${three(comeBack.seconds, 2)} |
| CPU of the server for that, s | ${three(comeBack.cpu, 2)} |

The bare server keeps the last events of a room in an array and sends them unasked; Roomcast also checks the token
and the participant, writes presence down, and sends the room's whole state first.

## Growth: CPU per delivery, µs

In one room ${rates(busy)}: where there are fewer, a small machine sleeps between two events, and
what is measured is how it wakes. In rooms of five ${perSecond(busyRooms.plain)}, where every fifth delivery is a change.

${head}
${growth(listeners, 'busy', 'listeners, 1 room')}
${growth(rooms, 'busy', 'rooms of 5')}

How far each is from the mean of its column, in the order of the table:

| | mean, µs | from it |
| --- | --- | --- |
${flat(listeners, 'listeners')}
${flat(rooms, 'rooms')}

The cost of the change itself, a transaction in the database, is in these figures, and is shared by its deliveries:
the fewer listeners, the more of it each has. With nobody there to hear it, an unconfirmed change at the rate of 100 listeners
costs ${listeners[100].alone.roomcast.toFixed(0)} µs, and raising the event on the bare server ${listeners[100].alone.bare.toFixed(0)} µs, the waking for each of them included; at the
rate of 100 rooms of five ${rooms[100].alone.roomcast.toFixed(0)} and ${rooms[100].alone.bare.toFixed(0)} µs. With more than 250 listeners a user has several connections.
`;
}
