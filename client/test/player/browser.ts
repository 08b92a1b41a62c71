import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { requirePackage } from '../../../test/support/debian.js';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** For `beforeAll`: where chromium is missing, Debian's package is installed first. */
export const installTimeoutMs = 300_000;

/** A name that is not secure for browsers, as a server in a local network is. */
const plainHost = 'roomcast.test';

/** A file that the pages can request: its bytes, or as many as are asked for of a longer one. */
export interface ServedFile {
  size: number;
  read(start: number, end: number): Uint8Array;
  /** Called with the first byte of each request: what it waits for; a status other than 200 is the answer. */
  admit?(start: number): number | Promise<number>;
}

export const servedBytes = (bytes: Uint8Array): ServedFile => ({
  size: bytes.length,
  read: (start, end) => bytes.subarray(start, end),
});

/** A browser with a page that has the player and the tests' own functions as `window.rig`. */
export interface Rig {
  /** A new page. `secure` false: from a plain http address that is not this machine's. */
  open(options?: { secure?: boolean; policy?: string }): Promise<Page>;
  /** A new page that is not touched, and runs what `page/rig.ts` has for this name. */
  openAlone(name: string, onConsole: (text: string) => void): Promise<Page>;
  /** Bytes of audio that the pages requested so far. */
  requestedBytes(path: string): number;
  close(): Promise<void>;
}

/** Bundles an entry into one module, as an application's build does. */
export async function bundle(entry: string, ...options: 'minify'[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [here('bundle.mjs'), entry, ...options], {
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout;
}

export const chromiumPath = () =>
  requirePackage('chromium', () =>
    ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path)),
  );

/** Starts a server for files and a browser. Pages may play without a click unless `autoplay` is false. */
export async function startRig(
  files: Record<string, ServedFile>,
  options: { autoplay?: boolean } = {},
): Promise<Rig> {
  const [script, worker, executablePath] = await Promise.all([
    bundle(here('page/rig.ts')),
    bundle(here('../../src/player/render/render-worker.ts')),
    chromiumPath(),
  ]);
  const requested = new Map<string, number>();
  const texts = new Map([
    ['/rig.js', ['text/javascript', script]],
    ['/worker.js', ['text/javascript', worker]],
  ] as [string, [string, string]][]);
  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://localhost');
    const text = texts.get(url.pathname);
    if (text) response.setHeader('content-type', text[0]).end(text[1]);
    else if (url.pathname === '/favicon.ico') response.writeHead(204).end();
    else if (url.pathname === '/') {
      const policy = url.searchParams.get('policy');
      if (policy) response.setHeader('content-security-policy', policy);
      response
        .setHeader('content-type', 'text/html')
        .end('<!doctype html><script type="module" src="/rig.js"></script>');
    } else void answerFile(files[url.pathname.slice(1)], url.pathname.slice(1), requested, request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const profile = await mkdtemp(join(tmpdir(), 'roomcast-browser-'));
  const browser = await launch(executablePath, profile, options.autoplay ?? true);
  return {
    async open({ secure = true, policy = '' } = {}) {
      const page = await browser.newPage();
      page.on('pageerror', (error) => console.log('page error', error));
      const host = secure ? 'localhost' : plainHost;
      await page.goto(`http://${host}:${port}/?policy=${encodeURIComponent(policy)}`);
      await page.waitForFunction('window.rig !== undefined');
      return page;
    },
    async openAlone(name, onConsole) {
      const page = await browser.newPage();
      page.on('console', (message) => onConsole(message.text()));
      await page.goto(`http://localhost:${port}/?alone=${name}`);
      return page;
    },
    requestedBytes: (path) => requested.get(path) ?? 0,
    async close() {
      await browser.close();
      server.closeAllConnections();
      server.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

function launch(executablePath: string, profile: string, autoplay: boolean): Promise<Browser> {
  return chromium.launch({
    executablePath,
    env: { ...process.env, HOME: profile },
    args: [
      '--no-sandbox',
      ...(autoplay
        ? ['--autoplay-policy=no-user-gesture-required']
        : ['--autoplay-policy=document-user-activation-required']),
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-quic',
      '--no-first-run',
      `--host-resolver-rules=MAP ${plainHost} 127.0.0.1`,
    ],
  });
}

async function answerFile(
  file: ServedFile | undefined,
  name: string,
  requested: Map<string, number>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!file) {
    response.writeHead(404).end();
    return;
  }
  const range = /^bytes=(\d+)-(\d+)?$/.exec(request.headers.range ?? '');
  const start = Number(range?.[1] ?? 0);
  const end = Math.min(file.size, Number(range?.[2] ?? file.size - 1) + 1);
  if (start >= file.size) {
    response.writeHead(416, { 'content-range': `bytes */${file.size}` }).end();
    return;
  }
  const status = (await file.admit?.(start)) ?? 200;
  if (status !== 200) {
    response.writeHead(status).end();
    return;
  }
  requested.set(name, (requested.get(name) ?? 0) + end - start);
  response.writeHead(range ? 206 : 200, {
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    'content-length': file.read(start, end).length,
    ...(range ? { 'content-range': `bytes ${start}-${end - 1}/${file.size}` } : {}),
  });
  response.end(file.read(start, end));
}
