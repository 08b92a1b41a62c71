import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { readSettings } from '../../src/config/settings.js';
import type { EventBus } from '../../src/events/bus/event-bus.js';
import { programsIn } from '../../src/processes/programs.js';
import { createServer } from '../../src/server.js';

export type Environment = Record<string, string>;

export interface TestServer {
  url: string;
  app: NestExpressApplication;
  dataDir: string;
  close(): Promise<void>;
}

const quiet: Environment = {
  PORT: '0',
  HOST: '127.0.0.1',
  LOG_LEVEL: 'silent',
  RATE_LIMIT: 'off',
  // `TRANSPORT=standard npm test` runs everything on the other transport.
  TRANSPORT: process.env['TRANSPORT'] ?? 'auto',
};

export const temporaryFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'roomcast-data-'));

/** As the tests' global setup has built them. */
export const programs = programsIn(pathToFileURL(join(process.env['ROOMCAST_TEST_BUILD']!, 'dist/')));

/** Where the tests' build has its page, if a test has asked for it (`builtPage`). */
export const pageFolder = pathToFileURL(join(process.env['ROOMCAST_TEST_BUILD']!, 'web/dist/'));

/** A real server in this process, with a data folder of its own that is deleted with it. */
export async function startServer(
  env: Environment = {},
  bus?: EventBus,
  page: URL = pageFolder,
): Promise<TestServer> {
  const dataDir = env['DATA_DIR'] ?? (await temporaryFolder());
  const settings = readSettings({ ...quiet, DATA_DIR: dataDir, ...env });
  const app = await createServer(settings, { programs, pageFolder: page, ...(bus && { bus }) });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    app,
    dataDir,
    async close() {
      await app.close();
      if (env['DATA_DIR'] === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export interface ServerProcess {
  url: string;
  child: ChildProcess;
  /** Everything it has written so far. */
  output(): string;
  /** Sends a signal and waits for the end. @returns exit code and signal */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** A real server as a process of its own, ready to serve. The caller ends it. */
export async function spawnServer(env: Environment): Promise<ServerProcess> {
  const child = spawn(
    process.execPath,
    ['--no-warnings', join(process.env['ROOMCAST_TEST_BUILD']!, 'dist', 'main.js')],
    {
      env: { PATH: process.env['PATH'], ...quiet, LOG_LEVEL: 'info', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const listening = new Promise<number>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const port = /listening on port (\d+)/.exec(output)?.[1];
      if (port) resolve(Number(port));
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    void exited.then(([code]) => reject(new Error(`the server ended with ${code}:\n${output}`)));
  });
  const port = await listening;
  return {
    url: `http://127.0.0.1:${port}`,
    child,
    output: () => output,
    async end(signal) {
      child.kill(signal);
      const [code, by] = await exited;
      return { code, signal: by };
    },
  };
}

/** Starts a server that cannot start; its exit code and what it wrote to standard error. */
export async function failingStart(
  env: Record<string, string>,
): Promise<{ code: number | null; text: string }> {
  const child = spawn(
    process.execPath,
    ['--no-warnings', join(process.env['ROOMCAST_TEST_BUILD']!, 'dist', 'main.js')],
    {
      env: { PATH: process.env['PATH'], PORT: '0', HOST: '127.0.0.1', LOG_LEVEL: 'silent', ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [code] = (await once(child, 'exit')) as [number | null];
  return { code, text: text.trim() };
}
