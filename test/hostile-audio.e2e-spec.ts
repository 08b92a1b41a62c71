import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { guest, roomOf } from './support/api.js';
import { type HostileFile, hostileAudio, type Outcome } from './support/hostile-audio.js';
import { eventually } from './support/listener.js';
import { type ServerProcess, spawnServer, temporaryFolder } from './support/server.js';

const answerLimitMs = 15_000;
const memoryLimitMb = 400;
const latencyLimitsMs = { p99: 50, max: 250 };
const uploadsAtOnce = 3;
const filesAhead = 6;

interface Answer {
  name: string;
  status: number;
  code: Outcome;
  ms: number;
}

interface Latencies {
  raw: number[];
  own: number[];
  connected: boolean;
}

const helper = (name: string, ...args: (string | number)[]): ChildProcess =>
  spawn(
    process.execPath,
    [fileURLToPath(new URL(`./support/${name}`, import.meta.url)), ...args.map(String)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );

let dataDir: string;
let fileDir: string;
let server: ServerProcess;
const children: ChildProcess[] = [];
beforeAll(async () => {
  dataDir = await temporaryFolder();
  fileDir = await mkdtemp(join(tmpdir(), 'roomcast-hostile-'));
  server = await spawnServer({ DATA_DIR: dataDir });
}, 60_000);
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await server.end('SIGKILL');
  await rm(dataDir, { recursive: true, force: true });
  await rm(fileDir, { recursive: true, force: true });
});

/** Writes each file, passes it to the uploader, and deletes it when it is answered; `filesAhead` exist at once. */
async function uploadAll(uploader: ChildProcess, files: Iterable<HostileFile>): Promise<Map<string, Answer>> {
  const answers = new Map<string, Answer>();
  const waiting = new Map<string, string>();
  let answered = () => {};
  createInterface({ input: uploader.stdout! }).on('line', (line) => {
    const answer = JSON.parse(line) as Answer;
    answers.set(answer.name, answer);
    void rm(waiting.get(answer.name)!, { force: true });
    waiting.delete(answer.name);
    answered();
  });
  const untilAtMost = async (count: number) => {
    while (waiting.size > count) await new Promise<void>((resolve) => (answered = resolve));
  };
  let number = 0;
  for (const { name, pieces } of files) {
    await untilAtMost(filesAhead);
    const path = join(fileDir, String((number += 1)));
    await pipeline(Readable.from(pieces), createWriteStream(path));
    waiting.set(name, path);
    uploader.stdin!.write(`${JSON.stringify({ path, name })}\n`);
  }
  await untilAtMost(0);
  uploader.stdin!.end();
  return answers;
}

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.ceil(values.length * share) - 1]!;

const filesIn = async (folder: string): Promise<string[]> => {
  const entries = await readdir(join(dataDir, folder), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
};

async function peakMemoryMb(): Promise<number> {
  const status = await readFile(`/proc/${server.child.pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) / 1024;
}

describe('a guest who uploads hostile files', () => {
  const files: Pick<HostileFile, 'name' | 'expected'>[] = [];
  let answers: Map<string, Answer>;
  let latencies: Latencies;
  beforeAll(async () => {
    const [mallory, ada] = [await guest(server.url, 'mallory'), await guest(server.url, 'ada')];
    const room = await roomOf(ada, [mallory]);
    const listener = helper('latency-process.mjs', server.url, ada.token, room.id, server.child.pid!);
    children.push(listener);
    const lines = createInterface({ input: listener.stdout! });
    await once(lines, 'line');
    const uploader = helper('upload-process.mjs', server.url, mallory.token, room.id, uploadsAtOnce);
    children.push(uploader);
    function* noted(): Iterable<HostileFile> {
      for (const file of hostileAudio()) {
        files.push({ name: file.name, expected: file.expected });
        yield file;
      }
    }
    answers = await uploadAll(uploader, noted());
    listener.stdin!.end();
    const [line] = (await once(lines, 'line')) as [string];
    latencies = JSON.parse(line) as Latencies;
  }, 600_000);

  it('gets the expected result for each of at least 200 files', () => {
    expect(files.length).toBeGreaterThanOrEqual(200);
    expect(new Set(files.map(({ name }) => name)).size).toBe(files.length);
    const wrong = files.flatMap(({ name, expected }) => {
      const { status, code } = answers.get(name)!;
      return expected.includes(code) ? [] : [{ name, status, code, expected }];
    });
    expect(wrong).toEqual([]);
    const counts: Record<string, number> = {};
    for (const { code } of answers.values()) counts[code] = (counts[code] ?? 0) + 1;
    console.log(`${files.length} hostile files:`, counts);
  });

  it('is answered within 15 s per file', () => {
    const slowest = [...answers.values()].sort((a, b) => b.ms - a.ms)[0]!;
    console.log(`slowest answer: ${Math.round(slowest.ms)} ms, ${slowest.name}`);
    expect(slowest.ms).toBeLessThan(answerLimitMs);
  });

  it('does not delay the answers to a listener: time_sync within 50 ms at p99 on an idle machine', () => {
    const figures = (values: number[]) => ({
      p50: quantile(values, 0.5),
      p99: quantile(values, 0.99),
      max: Math.max(...values),
    });
    console.log(`${latencies.raw.length} time_sync in ms:`, {
      raw: figures(latencies.raw),
      'without waiting for the CPU': figures(latencies.own),
    });
    expect(latencies.connected).toBe(true);
    expect(latencies.own.length).toBeGreaterThan(200);
    // The limits are checked only on request: the machine may be busy with other programs.
    if (process.env['LATENCY_LIMITS'] !== 'on') return;
    expect(figures(latencies.own).p99).toBeLessThan(latencyLimitsMs.p99);
    expect(figures(latencies.own).max).toBeLessThan(latencyLimitsMs.max);
  });

  it('does not raise the memory of the process above 400 MB', async () => {
    const peak = await peakMemoryMb();
    console.log(`peak memory: ${Math.round(peak)} MB`);
    expect(peak).toBeLessThan(memoryLimitMb);
  });

  it('leaves no files in the data folder', async () => {
    await eventually(async () => (await filesIn('uploads')).length === 0, 'the uploads folder to be empty');
    await eventually(
      async () => (await filesIn('files')).length === 0,
      'files without a track to be deleted',
    );
    expect((await stat(join(dataDir, 'files'))).isDirectory()).toBe(true);
  });
});
