import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { ProcessFailure, ProcessPool } from '../src/processes/process-pool.js';

type Request = 'pid' | 'slow' | 'hang' | 'exit' | 'throw' | 'grow';

const limits = { timeoutMs: 10_000, maxHeapMegabytes: 64 };
const built = pathToFileURL(join(process.env['ROOMCAST_TEST_BUILD']!, 'build/processes/'));

let folder: string;
let entry: URL;
let pool: ProcessPool<Request, number>;
let server: ChildProcess | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roomcast-pool-'));
  const file = join(folder, 'entry.mjs');
  entry = pathToFileURL(file);
  await writeFile(
    file,
    `import { serveRequests } from ${JSON.stringify(new URL('serve-requests.js', built))};
     const kept = [];
     serveRequests(async (request) => {
       if (request === 'hang') for (;;);
       if (request === 'slow') await new Promise((resolve) => setTimeout(resolve, 1500));
       if (request === 'exit') process.exit(3);
       if (request === 'throw') throw new TypeError('a fault');
       if (request === 'grow') kept.push(Buffer.alloc(200 * 2 ** 20, 1));
       return process.pid;
     }, 2000);`,
  );
});
beforeEach(() => {
  pool = new ProcessPool(entry, limits);
});
afterEach(() => {
  pool.close();
  server?.kill('SIGKILL');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
async function ended(pid: number): Promise<void> {
  while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}

it('keeps a process for the next request, and runs requests at once in several', async () => {
  const first = await pool.run('pid');
  expect(await pool.run('pid')).toBe(first);
  const [one, two] = await Promise.all([pool.run('pid'), pool.run('pid')]);
  expect(one).toBe(first);
  expect(two).not.toBe(first);
});

it.each(['exit', 'throw'] as const)('a process that does this fails one request only: %s', async (what) => {
  const first = await pool.run('pid');
  const failure = { reason: 'exit', exitCode: what === 'exit' ? 3 : 1, signal: null };
  await expect(pool.run(what)).rejects.toMatchObject(failure);
  expect(await pool.run('pid')).not.toBe(first);
});

it('all threads of a process have a low priority', async () => {
  const pid = await pool.run('pid');
  const threads = await readdir(`/proc/${pid}/task`).catch(() => [String(pid)]);
  for (const thread of threads) expect(getPriority(Number(thread))).toBeGreaterThanOrEqual(10);
});

it('a process that does not answer is killed', async () => {
  const hurried = new ProcessPool<Request, number>(entry, { ...limits, timeoutMs: 500 });
  const failure = { reason: 'timeout', exitCode: null, signal: 'SIGKILL' };
  await expect(hurried.run('hang')).rejects.toMatchObject(failure);
  hurried.close();
});

it('a process that has grown is not kept', async () => {
  const grown = await pool.run('grow');
  expect(await pool.run('pid')).not.toBe(grown);
  await ended(grown);
});

it('a process that nothing needs any more ends', async () => {
  await ended(await pool.run('pid'));
});

it('a process that is needed again in time does not end', async () => {
  const first = await pool.run('pid');
  const from = performance.now();
  while (performance.now() - from < 4500) {
    expect(await pool.run('pid')).toBe(first);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  // Until after the first would have ended.
  expect(await pool.run('slow')).toBe(first);
}, 60_000);

it('an idle process that has been killed is not used', async () => {
  const first = await pool.run('pid');
  process.kill(first, 'SIGKILL');
  expect(await pool.run('pid')).not.toBe(first);
  const second = await pool.run('pid');
  process.kill(second, 'SIGKILL');
  await ended(second);
  expect(await pool.run('pid')).not.toBe(second);
});

it('closing ends idle and running processes; requests fail from then on', async () => {
  const idle = await pool.run('pid');
  const hanging = pool.run('hang');
  pool.close();
  await expect(hanging).rejects.toBeInstanceOf(ProcessFailure);
  await expect(pool.run('pid')).rejects.toMatchObject({ reason: 'aborted' });
  await ended(idle);
});

it('fails with a reason if no process can be started, and the server goes on', async () => {
  const file = join(folder, 'no-process.mjs');
  await writeFile(
    file,
    `import { ProcessPool } from ${JSON.stringify(new URL('process-pool.js', built))};
     process.execPath = '/no/such/file';
     const pool = new ProcessPool(new URL(process.argv[2]), ${JSON.stringify(limits)});
     const reasons = [];
     for (let i = 0; i < 3; i += 1) await pool.run('pid').catch(({ reason }) => reasons.push(reason));
     setTimeout(() => console.log(reasons.join()), 100);`,
  );
  server = spawn(process.execPath, [file, entry.href], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [reasons] = (await once(createInterface({ input: server.stdout! }), 'line')) as [string];
  expect(reasons).toBe('exit,exit,exit');
});

it.each(['pid', 'hang'])(
  'a process ends if the server is killed after or in this request: %s',
  async (request) => {
    const file = join(folder, 'server.mjs');
    await writeFile(
      file,
      `import { ProcessPool } from ${JSON.stringify(new URL('process-pool.js', built))};
     const pool = new ProcessPool(new URL(process.argv[2]), ${JSON.stringify(limits)});
     console.log(await pool.run('pid'));
     void pool.run(process.argv[3]);`,
    );
    server = spawn(process.execPath, [file, entry.href, request], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [pid] = (await once(createInterface({ input: server.stdout! }), 'line')) as [string];
    server.kill('SIGKILL');
    await ended(Number(pid));
  },
);
