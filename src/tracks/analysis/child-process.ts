import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Limits of one process. */
export interface ProcessLimits {
  timeoutMs: number;
  maxOutputBytes: number;
  /** Of the JavaScript heap. */
  maxHeapMegabytes: number;
}

/** A process did not succeed. */
export class ProcessFailure extends Error {
  /** @param reason `aborted`: the server stops. `exit`: the process ended by itself, or used too much memory */
  constructor(
    readonly reason: 'timeout' | 'aborted' | 'exit',
    readonly exitCode: number | null,
    readonly signal: NodeJS.Signals | null,
  ) {
    super(`the process failed: ${reason}`);
    this.name = 'ProcessFailure';
  }
}

/**
 * Runs a file of the build in a process of its own and returns what it writes to its standard output. A process rather
 * than a thread where native code or WebAssembly reads what a guest has uploaded: a crash ends only the process, and
 * its memory does not count for the server's and goes back to the system.
 * @param input for the standard input
 * @param stop ends the process
 * @throws {ProcessFailure} if it exceeds a limit or exits with another code than 0
 */
export async function runInProcess(
  entry: URL,
  input: Uint8Array | string,
  { timeoutMs, maxOutputBytes, maxHeapMegabytes }: ProcessLimits,
  stop: AbortSignal,
): Promise<Buffer> {
  const running = execute(
    process.execPath,
    [`--max-old-space-size=${maxHeapMegabytes}`, fileURLToPath(entry)],
    {
      // One arena: with several, the allocator keeps more memory than a file needs.
      env: { MALLOC_ARENA_MAX: '1', UV_THREADPOOL_SIZE: '2' },
      encoding: 'buffer',
      timeout: timeoutMs,
      maxBuffer: maxOutputBytes,
      killSignal: 'SIGKILL',
      signal: stop,
    },
  );
  const { child } = running;
  // The process may end before it has read everything; without file descriptors it has no standard input.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  try {
    return (await running).stdout;
  } catch (error) {
    if (stop.aborted) throw new ProcessFailure('aborted', null, null);
    const { code, killed, signal } = error as {
      code: unknown;
      killed: boolean;
      signal: NodeJS.Signals | null;
    };
    // Not started.
    if (child.pid === undefined) throw error;
    const isTimeout = killed && code !== 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER';
    throw new ProcessFailure(isTimeout ? 'timeout' : 'exit', typeof code === 'number' ? code : null, signal);
  }
}
