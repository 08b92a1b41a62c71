import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from '../support/api.js';
import { type ServerProcess, spawnServer } from '../support/server.js';
import type { AttackerCommands } from './attacker.js';
import type { HealthyCommands } from './healthy.js';
import { type Helper, startHelper } from './processes.js';
import { peakBytes, residentBytes } from './process-usage.js';
import { latencyOf, type Result } from './results.js';
import type { Scene } from './scene.js';

/** How long healthy clients are measured before the attack, if latencies are compared at all. */
const baselineSeconds = 1.5;
/** How long an answer is waited for after the attack. */
const answerMs = 15_000;
/**
 * Beyond the tenth: V8's young generation (3 × 16 MB) grows under any load, and shrinks only in a process that has
 * little to do; here the healthy clients go on. What is held for a caller is a multiple of this.
 */
const memorySlackBytes = 48 * 2 ** 20;

export const memoryBound = (before: number): number => before * 1.1 + memorySlackBytes;

/** Of the flood that is being measured. */
const cleanup = new Set<() => Promise<void>>();

/** Ends the processes of a measurement, whether it has finished or timed out. */
export async function endProcesses(): Promise<void> {
  // The folder, which was made first, goes last.
  for (const end of [...cleanup].reverse()) {
    cleanup.delete(end);
    await end();
  }
}

/**
 * Runs one flood against a fresh server with healthy clients beside it, each in a process of its own.
 * @param recoverySeconds how long the server has to give the memory back
 */
export async function runFlood(
  flood: string,
  scene: Scene,
  seconds: number,
  recoverySeconds: number,
): Promise<Result> {
  const folder = await scene.copy();
  cleanup.add(() => rm(folder, { recursive: true, force: true }));
  const [server, healthy, attacker] = await Promise.all([
    untilCleanup(
      spawnServer({ DATA_DIR: folder, RATE_LIMIT: 'on', LOG_LEVEL: 'info' }),
      async (started) => void (ended(started) ?? (await started.end('SIGKILL'))),
    ),
    untilCleanup(startHelper<HealthyCommands>('healthy'), (started) => started.end()),
    untilCleanup(startHelper<AttackerCommands>('attacker'), (started) => started.end()),
  ]);
  return measure(flood, scene, { seconds, recoverySeconds }, { server, healthy, attacker });
}

/** What is being started is ended by the cleanup, even if another start fails before it is ready. */
function untilCleanup<T>(starting: Promise<T>, end: (started: T) => Promise<void>): Promise<T> {
  cleanup.add(() => starting.then(end, () => undefined));
  return starting;
}

interface Processes {
  server: ServerProcess;
  healthy: Helper<HealthyCommands>;
  attacker: Helper<AttackerCommands>;
}

async function measure(
  flood: string,
  { place, people, target, administrator }: Scene,
  { seconds, recoverySeconds }: { seconds: number; recoverySeconds: number },
  { server, healthy, attacker }: Processes,
): Promise<Result> {
  const port = Number(new URL(server.url).port);
  const pid = server.child.pid!;
  const log = logReader(server, administrator.token, place.roomId);
  await healthy.call('connect', { place: { ...place, port }, people });
  // The first answers of a process that has just started are slow.
  if (recoverySeconds > 0) {
    await delay(500);
    await healthy.call('samples', undefined);
    await delay(baselineSeconds * 1000);
  }
  const baseline = await healthy.call('samples', undefined);
  const headBefore = (await log.head()) ?? 0;
  const before = await residentBytes(pid);

  // Read repeatedly: after a kill the figure can no longer be read.
  let peak = before;
  const watch = setInterval(() => {
    peakBytes(pid).then(
      (bytes) => (peak = bytes),
      () => clearInterval(watch),
    );
  }, 250);
  const attackBegan = performance.now();
  const counts = await attacker.call('run', { flood, target: { ...target, port }, seconds });
  const attackEnd = performance.now();
  const [samples, historySurvived, headThen] = await Promise.all([
    healthy.call('samples', undefined),
    // Immediately: later the healthy clients' own events would push out the older ones.
    log.reachesBackTo(headBefore),
    log.head(),
  ]);
  const eventsPerSecond =
    headThen === null ? null : (headThen - headBefore) / ((attackEnd - attackBegan) / 1000);
  // The time is that until it has come back to a tenth more; if it has not, it is held against the whole bound.
  const recovery = await recover(server, before * 1.1, attackEnd, recoverySeconds);
  clearInterval(watch);
  const delivered = await healthy.call('delivered', {
    head: (await log.head()) ?? headThen ?? headBefore,
    limitMs: ended(server) === null ? answerMs : 0,
  });
  return {
    flood,
    seconds,
    baseline: {
      timeSync: latencyOf(baseline.timeSync),
      command: latencyOf(baseline.command),
      stream: latencyOf(baseline.stream),
    },
    timeSync: latencyOf(samples.timeSync),
    command: latencyOf(samples.command),
    stream: latencyOf(samples.stream),
    failed: samples.failed,
    loopDelayMs: samples.loopDelayMs,
    ...delivered,
    memory: { before, peak, ...recovery },
    attacker: counts,
    eventsPerSecond,
    historySurvived,
    serverEnded: ended(server),
  };
}

/** Reads a room's log with a limit of time; null if there is no answer. */
function logReader({ url }: ServerProcess, token: string, roomId: string) {
  const read = (query: string) =>
    request(url, 'GET', `/rooms/${roomId}/events?limit=1${query}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(answerMs),
    }).catch(() => null);
  return {
    head: async (): Promise<number | null> => (await read(''))?.body.sequence ?? null,
    async reachesBackTo(sequence: number): Promise<boolean | null> {
      const answer = await read(`&after=${sequence}`);
      if (answer?.status === 410) return false;
      return answer?.status === 200 ? true : null;
    },
  };
}

/** Waits, with a time limit, until the memory has been released. Nothing in the server is triggered. */
async function recover(server: ServerProcess, bound: number, since: number, recoverySeconds: number) {
  let after = 0;
  while (ended(server) === null) {
    after = await residentBytes(server.child.pid!);
    const elapsed = (performance.now() - since) / 1000;
    if (after <= bound) return { after, recoveredAfterSeconds: elapsed };
    if (elapsed > recoverySeconds) break;
    await delay(250);
  }
  return { after, recoveredAfterSeconds: null };
}

function ended({ child }: ServerProcess): string | null {
  if (child.signalCode !== null) return child.signalCode;
  return child.exitCode === null ? null : `exit code ${child.exitCode}`;
}
