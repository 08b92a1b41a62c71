import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requirePackage } from './debian.js';
import { eventually } from './listener.js';

const operations = fileURLToPath(new URL('../../docs/operations.md', import.meta.url));

export interface Nginx {
  url: string;
  /** The access log so far. */
  accessLog(): Promise<string>;
  close(): Promise<void>;
}

const binary = (): Promise<string> =>
  requirePackage('nginx-light', () =>
    [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin']
      .map((folder) => join(folder, 'nginx'))
      .find((path) => existsSync(path)),
  );

/** The configuration that the document gives, with ports and folders of this test. */
async function documented(port: number, upstream: string, folder: string): Promise<string> {
  const [, config] = /```nginx\n([^]*?)```/.exec(await readFile(operations, 'utf8')) ?? [];
  if (config === undefined) throw new Error(`${operations} has no nginx configuration`);
  const changes: [string, string][] = [
    ['listen 80;', `listen 127.0.0.1:${port};`],
    ['http://127.0.0.1:3000', upstream],
    ['/var/log/nginx/roomcast.log', join(folder, 'access.log')],
    ['/var/log/nginx/roomcast-error.log', join(folder, 'error.log')],
  ];
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the documented configuration lacks ${from}`);
    return text.replace(from, to);
  }, config);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** A real nginx with the documented configuration in front of a server. */
export async function startNginx(upstream: string): Promise<Nginx> {
  const nginx = await binary();
  const folder = await mkdtemp(join(tmpdir(), 'roomcast-nginx-'));
  const port = await freePort();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join('\n');
  const config = `
    daemon off;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    worker_processes 1;
    pid ${join(folder, 'nginx.pid')};
    error_log stderr;
    events {}
    http {
      ${temporary}
      ${await documented(port, upstream, folder)}
    }`;
  await writeFile(join(folder, 'nginx.conf'), config);
  const child = spawn(nginx, ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const url = `http://127.0.0.1:${port}`;
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}:\n${output}`);
      return fetch(url).then(
        () => true,
        () => false,
      );
    }, 'nginx to answer');
  } catch (error) {
    await close();
    throw error;
  }
  return { url, accessLog: () => readFile(join(folder, 'access.log'), 'utf8'), close };
}
