import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

/** A timer's longest, in milliseconds. */
const longest = 2 ** 31 - 1;

/** Runs a server under test as a child process: what its parent asks, and how its own cost is measured. */
export function serve(http, { setup, raise, sequences, io }) {
  const gc = () => globalThis.gc?.();
  let cpu = process.cpuUsage();

  const commands = {
    async setup(args) {
      // Pings fall into one measurement and not into the next; what they cost is measured by itself.
      if (!args.pings) io().engine.opts.pingInterval = longest;
      const result = await setup(args);
      if (!http.listening) await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
      const { port } = http.address();
      return { targets: result.targets.map((target) => ({ port, ...target })) };
    },
    memory() {
      gc();
      gc();
      const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
      return { held: heapUsed + external + arrayBuffers, rss };
    },
    sequences: () => sequences(),
    pings: () => ({ seconds: io().engine.opts.pingInterval / 1000 }),
    /**
     * Raises `events` events, `rate` a second, and measures this process meanwhile.
     * @param record answers with `published`: the sequence and the time (Unix seconds) of each call to `raise`
     */
    async run({ events, rate, confirmed, record = false }) {
      gc();
      if (process.env.BENCH_PROFILE && events > 30) startProfile();
      const underWay = [];
      cpu = process.cpuUsage();
      const began = performance.now();
      for (let i = 0; i < events;) {
        const due = Math.min(events, Math.floor(((performance.now() - began) / 1000) * rate) + 1);
        for (; i < due; i += 1) {
          const publishedAt = (performance.timeOrigin + performance.now()) / 1000;
          const raised = raise(i, confirmed);
          underWay.push(record ? raised.then((sequence) => ({ sequence, publishedAt })) : raised);
        }
        // Waking up costs as much as several deliveries here.
        await new Promise((resolve) =>
          setTimeout(resolve, Math.ceil(began + (i / rate) * 1000 - performance.now())),
        );
      }
      const raised = (performance.now() - began) / 1000;
      const published = await Promise.all(underWay);
      return { behind: raised - (events - 1) / rate, ...(record && { published }) };
    },
    /** Asked once everything has been received, so that all that belongs to the deliveries is counted. */
    cpu() {
      const { user, system } = process.cpuUsage(cpu);
      if (session) stopProfile();
      return { microseconds: user + system };
    },
    /** What follows until `cpu` is asked for is measured. */
    begin() {
      gc();
      if (process.env.BENCH_PROFILE) startProfile();
      cpu = process.cpuUsage();
    },
    /** As fast as it goes. */
    async burst({ events, confirmed = false }) {
      for (let i = 0; i < events; i += 1) await raise(i, confirmed);
      return {};
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
}

let session;

/** With BENCH_PROFILE set to a file's name, a CPU profile of the last run is written there. */
function startProfile() {
  session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: 200 });
  session.post('Profiler.start');
}

function stopProfile() {
  session.post('Profiler.stop', (_error, { profile }) => {
    writeFileSync(process.env.BENCH_PROFILE, JSON.stringify(profile));
  });
  session.disconnect();
  session = undefined;
}
