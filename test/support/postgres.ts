import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdtemp, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { requirePackage } from './debian.js';
import { eventually } from './listener.js';

const run = promisify(execFile);

export interface Postgres {
  /** A database of its own for each call. */
  database(): Promise<string>;
  close(): Promise<void>;
}

/** Where initdb and postgres are. */
const binaries = (): Promise<string> =>
  requirePackage('postgresql', () => {
    const versions = '/usr/lib/postgresql';
    const folders = [
      ...(process.env['PATH'] ?? '').split(':'),
      ...(existsSync(versions) ? readdirSync(versions).map((version) => join(versions, version, 'bin')) : []),
    ];
    return folders.find(
      (folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
    );
  });

/** PostgreSQL refuses to run as root: then it runs as the user that its package made. */
async function runAs(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const id = async (option: string) => Number((await run('id', [option, 'postgres'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** A PostgreSQL server of this test alone, in a temporary folder. */
export async function startPostgres(): Promise<Postgres> {
  const bin = await binaries();
  const user = await runAs();
  const folder = await mkdtemp(join(tmpdir(), 'roomcast-postgres-'));
  if (user.uid !== undefined) await chown(folder, user.uid, user.gid!);
  await chmod(folder, 0o700);
  const data = join(folder, 'data');
  const options = { ...user, cwd: folder };
  try {
    await initialise(bin, data, options);
    const { server, port } = await serve(bin, data, folder, options);
    const address = (database: string) => `postgres://roomcast@127.0.0.1:${port}/${database}`;
    let databases = 0;
    return {
      async database() {
        const name = `test_${++databases}`;
        const client = new pg.Client({ connectionString: address('postgres') });
        await client.connect();
        try {
          await client.query(`CREATE DATABASE ${name}`);
        } finally {
          await client.end();
        }
        return address(name);
      },
      async close() {
        if (server.exitCode === null && server.signalCode === null) {
          const exited = once(server, 'exit');
          // Immediately: nothing in it is worth keeping.
          server.kill('SIGQUIT');
          await exited;
        }
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Writes an empty data folder. `initdb` runs once for all suites, which copy its result: it takes longer than the
 * start of the server.
 */
async function initialise(bin: string, data: string, options: object): Promise<void> {
  const initialised = join(process.env['ROOMCAST_TEST_BUILD']!, 'postgres');
  if (!existsSync(initialised)) {
    const args = ['-U', 'roomcast', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'];
    await run(join(bin, 'initdb'), ['-D', data, ...args], options);
    // Another suite may have been faster; then its folder is not empty.
    const moved = await rename(data, initialised).then(
      () => true,
      () => false,
    );
    if (!moved) return;
  }
  await run('cp', ['-a', initialised, data]);
}

async function serve(
  bin: string,
  data: string,
  folder: string,
  options: object,
): Promise<{ server: ChildProcess; port: number }> {
  // Between finding a port and taking it, someone else may take it.
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const settings = [`unix_socket_directories=${folder}`, 'listen_addresses=127.0.0.1', 'fsync=off'];
    const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
    const server = spawn(join(bin, 'postgres'), args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    server.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    try {
      await eventually(
        async () => {
          if (server.exitCode !== null) {
            throw new Error(`PostgreSQL ended with ${server.exitCode}:\n${output}`);
          }
          return answers(port);
        },
        'PostgreSQL to answer',
        30_000,
      );
      return { server, port };
    } catch (error) {
      server.kill('SIGQUIT');
      if (attempt === 3) throw error;
    }
  }
}

async function answers(port: number): Promise<boolean> {
  const client = new pg.Client({ connectionString: `postgres://roomcast@127.0.0.1:${port}/postgres` });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}
