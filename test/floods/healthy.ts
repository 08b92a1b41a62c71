import { Agent } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { answerCommands } from './answer-commands.js';
import { HealthyClient, type HealthyPerson, type Place, type Samples } from './healthy-client.js';

/** The process of the healthy clients. */

const loopDelay = monitorEventLoopDelay({ resolution: 5 });
const agent = new Agent({ keepAlive: true });
let clients: HealthyClient[] = [];

const poll = async (holds: () => boolean, limitMs: number): Promise<boolean> => {
  const end = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
};

const commands = {
  async connect({ place, people }: { place: Place; people: HealthyPerson[] }): Promise<void> {
    clients = people.map((person) => new HealthyClient(place, person, agent));
    if (!(await poll(() => clients.every(({ last }) => last !== undefined), 20_000))) {
      throw new Error('not all healthy clients could connect');
    }
    clients.forEach((client, index) => client.begin(index / clients.length));
    loopDelay.enable();
  },

  /** What was begun since the last call, of all clients, once it has ended. */
  async samples(): Promise<Samples & { loopDelayMs: number }> {
    const all = await Promise.all(clients.map((client) => client.take()));
    const loopDelayMs = loopDelay.percentile(99) / 1e6;
    loopDelay.reset();
    return {
      timeSync: all.flatMap(({ timeSync }) => timeSync),
      command: all.flatMap(({ command }) => command),
      stream: all.flatMap(({ stream }) => stream),
      failed: all.reduce((sum, { failed }) => sum + failed, 0),
      loopDelayMs,
    };
  },

  /** Waits until every client has the room's events up to `head`, and tells what each received. */
  async delivered({ head, limitMs }: { head: number; limitMs: number }) {
    await poll(() => clients.every(({ last = 0 }) => last >= head), limitMs);
    const sum = (of: (client: HealthyClient) => number) => clients.reduce((all, one) => all + of(one), 0);
    return {
      disconnects: sum((client) => client.disconnects),
      resets: sum((client) => client.resets),
      lost: sum(({ lost, last = 0 }) => lost + Math.max(0, head - last)),
      doubled: sum((client) => client.doubled),
      retries: sum((client) => client.retries),
    };
  },
};
export type HealthyCommands = typeof commands;

answerCommands(commands);
