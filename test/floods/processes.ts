import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The commands that a child process answers, by name. */
export type Commands = Record<string, (argument: any) => unknown>;

/** A child process that is controlled by messages. */
export interface Helper<C extends Commands> {
  /** Rejects when the command fails, or when the process ends before it has answered. */
  call<N extends keyof C & string>(
    name: N,
    argument: Parameters<C[N]>[0],
  ): Promise<Awaited<ReturnType<C[N]>>>;
  end(): Promise<void>;
}

interface Reply {
  id: number;
  result?: unknown;
  error?: string;
}

/**
 * Compiles an entry point of this folder and starts it in a process of its own, so that neither the load nor the
 * measurement is disturbed by the test process.
 */
export async function startHelper<C extends Commands>(entry: string): Promise<Helper<C>> {
  const child = fork(await compiled(entry), {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, { resolve: (value: any) => void; reject: (error: Error) => void }>();
  child.on('message', ({ id, result, error }: Reply) => {
    const caller = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) caller?.resolve(result);
    else caller?.reject(new Error(`${entry}: ${error}`));
  });
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`${entry} ended with ${code ?? signal}`));
    waiting.clear();
  });
  let calls = 0;
  return {
    call: (name, argument) =>
      new Promise((resolve, reject) => {
        const id = ++calls;
        waiting.set(id, { resolve, reject });
        child.send({ id, name, argument }, (error) => error && reject(error));
      }),
    end: () => kill(child),
  };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

const builds = new Map<string, Promise<string>>();

/** Written beside the server that the tests run, where the packages are found. */
function compiled(entry: string): Promise<string> {
  let build = builds.get(entry);
  if (!build) builds.set(entry, (build = compile(entry)));
  return build;
}

async function compile(entry: string): Promise<string> {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const file = join(process.env['ROOMCAST_TEST_BUILD']!, 'floods', entry, 'main.js');
  await promisify(execFile)(process.execPath, [
    join(root, 'node_modules/rolldown/bin/cli.mjs'),
    join(root, 'test/floods', `${entry}.ts`),
    ...['--platform', 'node', '--format', 'esm', '--external', 'ws,socket.io-client', '--file', file],
  ]);
  return file;
}
