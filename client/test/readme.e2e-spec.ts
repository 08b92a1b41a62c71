import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { guest as newGuest, roomOf } from '../../test/support/api.js';
import { wav } from '../../test/support/audio.js';
import { eventually } from '../../test/support/listener.js';
import { startServer, type TestServer } from '../../test/support/server.js';

/* The lines that the READMEs show, run as they are printed, with the package as it would be published. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const codeOf = (readme: string) => /```js\n(import \{ connect.*?)```/s.exec(readme)![1]!;

let server: TestServer;
let child: ChildProcess | undefined;

beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  child?.kill('SIGKILL');
  await server.close();
});

/** Packs the library, and unpacks it where a program in the returned folder finds it. */
async function installed(): Promise<string> {
  // Below the tests' build, whose node_modules has the library's dependency.
  const folder = await mkdtemp(join(process.env['ROOMCAST_TEST_BUILD']!, 'client-'));
  const source = join(folder, 'package');
  await mkdir(source);
  for (const file of ['package.json', 'README.md']) {
    await copyFile(join(root, 'client', file), join(source, file));
  }
  await run(process.execPath, [join(root, 'scripts/bundle-client.mjs'), join(source, 'dist')]);
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: source,
  });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  const target = join(folder, 'node_modules/@roomcast/client');
  await mkdir(target, { recursive: true });
  await run('tar', ['-xzf', join(folder, filename), '-C', target, '--strip-components', '1']);
  return folder;
}

it('the ten lines vote, and print the queue and what plays', async () => {
  const code = codeOf(await readFile(join(root, 'client/README.md'), 'utf8'));
  expect(code.trim().split('\n').length).toBeLessThanOrEqual(10);
  expect(codeOf(await readFile(join(root, 'README.md'), 'utf8'))).toBe(code);
  const admin = await newGuest(server.url, 'admin');
  const { id } = await roomOf(admin);
  for (const title of ['one', 'two', 'three']) {
    await admin.upload(id, wav(30, 200 + title.length), `${title}.wav`);
  }
  const folder = await installed();
  await writeFile(join(folder, 'example.mjs'), code);
  child = spawn(process.execPath, [join(folder, 'example.mjs'), server.url, id], { stdio: 'pipe' });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  await eventually(() => output.includes("[ 'two', 'three' ]"), 'the queue');
  const { body } = await admin.get(`/rooms/${id}`);
  expect(body.room.queue[0]).toMatchObject({ title: 'two', vote_score: 1 });
  await admin.post(`/rooms/${id}/playback/skip`);
  await eventually(() => output.includes("[ 'three' ]"), 'the queue after the skip');
  await admin.post(`/rooms/${id}/playback/start`, { track_id: body.room.queue[1].id });
  await eventually(() => output.includes('now playing three'), 'what plays');
}, 60_000);
