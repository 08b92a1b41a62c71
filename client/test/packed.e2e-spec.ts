import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, chromium } from 'playwright-core';
import { guest as newGuest, type Person, roomOf } from '../../test/support/api.js';
import { wav } from '../../test/support/audio.js';
import { eventually } from '../../test/support/listener.js';
import { startServer, type TestServer } from '../../test/support/server.js';
import { bundle, chromiumPath, installTimeoutMs } from './player/browser.js';

/*
 * The package as it would be published, installed by npm into an empty project outside of this repository: the ten lines
 * of its README there, in Node and, bundled, in Chromium on a page of another origin.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

let project: string;
let code: string;
let pages: Server;
let server: TestServer;
let browser: Browser;
let child: ChildProcess | undefined;
let admin: Person;
let roomId: string;
/** What the page at `/` runs. */
let script = '';

beforeAll(async () => {
  pages = createServer(({ url }, response) => {
    if (url === '/script.js') response.setHeader('content-type', 'text/javascript').end(script);
    else {
      response
        .setHeader('content-type', 'text/html')
        .end('<!doctype html><script src="/script.js" type="module"></script>');
    }
  });
  pages.listen(0, '127.0.0.1');
  await once(pages, 'listening');
  project = await mkdtemp(join(tmpdir(), 'roomcast-project-'));
  await installInto(project);
  code = /```js\n(import \{ connect.*?)```/s.exec(
    await readFile(join(project, 'node_modules/@roomcast/client/README.md'), 'utf8'),
  )![1]!;
  await writeFile(join(project, 'example.mjs'), code);
  server = await startServer({ CORS_ORIGINS: originOfPages() });
  browser = await chromium.launch({
    executablePath: await chromiumPath(),
    env: { ...process.env, HOME: project },
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--no-first-run'],
  });
}, installTimeoutMs);

afterAll(async () => {
  child?.kill('SIGKILL');
  await browser?.close();
  await server?.close();
  pages?.closeAllConnections();
  pages?.close();
  if (project) await rm(project, { recursive: true, force: true });
});

const originOfPages = () => `http://127.0.0.1:${(pages.address() as { port: number }).port}`;

/** Packs a package. @returns the tarball */
async function pack(folder: string, to: string, ...options: string[]): Promise<string> {
  const npm = ['pack', '--json', '--ignore-scripts', '--pack-destination', to, ...options];
  const { stdout } = await run('npm', npm, { cwd: folder });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  return join(to, filename);
}

/** The folders of a package's dependencies, and of theirs, as this repository has installed them. */
async function dependenciesOf(
  folder: string,
  found = new Map<string, string>(),
): Promise<Map<string, string>> {
  const { dependencies = {} } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    const paths = createRequire(join(folder, 'package.json')).resolve.paths(name)!;
    const at = paths.map((path) => join(path, name)).find((path) => existsSync(join(path, 'package.json')))!;
    if (found.has(name)) continue;
    found.set(name, at);
    await dependenciesOf(at, found);
  }
  return found;
}

/** Makes an empty project and installs the packed library with npm, without a network: dependencies are packed as well. */
async function installInto(folder: string): Promise<void> {
  // A copy, because a build in the project's own folder would be in the way of another run.
  const copy = join(folder, 'packed/source');
  await mkdir(copy, { recursive: true });
  for (const file of ['package.json', 'README.md']) {
    await cp(join(root, 'client', file), join(copy, file));
  }
  await run(process.execPath, [join(root, 'scripts/bundle-client.mjs'), join(copy, 'dist')]);
  const packages = [...(await dependenciesOf(join(root, 'client'))).values()];
  const tarballs = [await pack(copy, dirname(copy))];
  for (const one of packages) tarballs.push(await pack(one, dirname(copy)));
  await writeFile(join(folder, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }');
  const options = [
    '--offline',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--cache',
    join(folder, 'cache'),
  ];
  await run('npm', ['install', ...options, ...tarballs], { cwd: folder });
}

/** A room with three tracks. */
async function scene(): Promise<void> {
  admin = await newGuest(server.url, 'admin');
  roomId = (await roomOf(admin)).id;
  for (const title of ['one', 'two', 'three']) {
    await admin.upload(roomId, wav(30, 200 + title.length), `${title}.wav`);
  }
}

/** What the ten lines do. @param output what they have printed so far */
async function expectTenLines(output: () => string, queue: (...titles: string[]) => string): Promise<void> {
  await eventually(() => output().includes(queue('two', 'three')), 'the queue', 20_000);
  const { body } = await admin.get(`/rooms/${roomId}`);
  expect(body.room.queue[0]).toMatchObject({ title: 'two', vote_score: 1 });
  await admin.post(`/rooms/${roomId}/playback/skip`);
  await eventually(() => output().includes(queue('three')), 'the queue after the skip');
  await admin.post(`/rooms/${roomId}/playback/start`, { track_id: body.room.queue[1].id });
  await eventually(() => output().includes('now playing three'), 'what plays');
}

describe('the packed library, installed into an empty project', () => {
  it('brings what it needs and nothing else', async () => {
    expect((await readdir(join(project, 'node_modules/@roomcast/client'))).sort()).toEqual(
      ['README.md', 'dist', 'package.json'].sort(),
    );
    const { stdout } = await run('npm', ['ls', '--all', '--json'], { cwd: project });
    expect((JSON.parse(stdout) as { problems?: unknown }).problems).toBeUndefined();
  });

  it('is shown with the same ten lines in both READMEs', async () => {
    expect(code.trim().split('\n').length).toBeLessThanOrEqual(10);
    expect(await readFile(join(root, 'README.md'), 'utf8')).toContain(code);
  });

  it('runs the ten lines in Node', async () => {
    await scene();
    let output = '';
    child = spawn(process.execPath, ['example.mjs', server.url, roomId], { cwd: project, stdio: 'pipe' });
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    }
    await expectTenLines(
      () => output,
      (...titles) => `[ ${titles.map((title) => `'${title}'`).join(', ')} ]`,
    );
  }, 60_000);

  it('runs the ten lines in Chromium, bundled', async () => {
    await scene();
    const args = JSON.stringify(['', '', server.url, roomId]);
    // Of Node the lines use the arguments of the command line.
    script = `globalThis.process = { argv: ${args} };\n${await bundle(join(project, 'example.mjs'))}`;
    const page = await browser.newPage();
    const lines: string[] = [];
    page.on('console', (message) => lines.push(message.text()));
    page.on('pageerror', (error) => lines.push(`page error: ${String(error)}`));
    await page.goto(originOfPages());
    await expectTenLines(
      () => lines.join('\n'),
      (...titles) => `[${titles.join(', ')}]`,
    );
    expect(lines.filter((line) => line.includes('error'))).toEqual([]);
    await page.close();
  }, 60_000);
});
