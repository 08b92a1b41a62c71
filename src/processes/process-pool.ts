import { type ChildProcess, fork } from 'node:child_process';
import type { ProcessAnswer } from './serve-requests.js';

/** Limits of each process. */
export interface ProcessLimits {
  /** Of one request. */
  timeoutMs: number;
  /** Of the JavaScript heap. */
  maxHeapMegabytes: number;
}

/** A process did not answer. */
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

/** Starting a process takes longer than most requests. Memory that is not needed goes back to the system after this. */
const maxIdleMs = 5000;

/**
 * Runs a file of the build, which calls `serveRequests`, in processes of their own. A process answers one request at a
 * time, and is kept for the next one for a few seconds; as many run as there are requests at once. A process rather
 * than a thread where native code or WebAssembly reads what a guest has uploaded: a crash ends only the process, and
 * its memory does not count for the server's and goes back to the system.
 */
export class ProcessPool<Request, Answer> {
  /** The process that was used last is at the end. */
  readonly #idle: { child: ChildProcess; stopIdling: () => void }[] = [];
  readonly #stop = new AbortController();

  constructor(
    private readonly entry: URL,
    private readonly limits: ProcessLimits,
  ) {}

  /** @throws {ProcessFailure} if the process exceeds a limit or exits; it is ended then. */
  async run(request: Request): Promise<Answer> {
    const stop = this.#stop.signal;
    if (stop.aborted) throw new ProcessFailure('aborted', null, null);
    const child = this.#takeIdle() ?? this.#start();
    const kill = () => child.kill('SIGKILL');
    let isTimeout = false;
    const timer = setTimeout(() => {
      isTimeout = true;
      kill();
    }, this.limits.timeoutMs);
    stop.addEventListener('abort', kill);
    try {
      const { answer, isLast } = await new Promise<ProcessAnswer<Answer>>((resolve, reject) => {
        child.once('message', resolve);
        child.once('error', reject);
        child.once('exit', (exitCode, signal) => {
          const reason = stop.aborted ? 'aborted' : isTimeout ? 'timeout' : 'exit';
          reject(new ProcessFailure(reason, exitCode, signal));
        });
        // Not connected if it could not be started; then `error` follows.
        if (child.connected) child.send(request as object);
      });
      child.removeAllListeners();
      if (!isLast) this.#keep(child);
      return answer;
    } catch (error) {
      kill();
      throw error;
    } finally {
      clearTimeout(timer);
      stop.removeEventListener('abort', kill);
    }
  }

  /** Ends all processes. Requests fail from now on. */
  close(): void {
    this.#stop.abort();
    for (let child = this.#takeIdle(); child; child = this.#takeIdle()) child.kill('SIGKILL');
  }

  #start(): ChildProcess {
    return fork(this.entry, {
      execArgv: [`--max-old-space-size=${this.limits.maxHeapMegabytes}`],
      // One arena: with several, the allocator keeps more memory than a file needs.
      env: { MALLOC_ARENA_MAX: '1', UV_THREADPOOL_SIZE: '2' },
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    });
  }

  #keep(child: ChildProcess): void {
    const forget = () => {
      stopIdling();
      this.#idle.splice(this.#idle.indexOf(idle), 1);
    };
    const timer = setTimeout(() => child.kill('SIGKILL'), maxIdleMs).unref();
    const stopIdling = () => {
      clearTimeout(timer);
      child.removeAllListeners();
    };
    const idle = { child, stopIdling };
    child.once('exit', forget);
    child.once('error', forget);
    this.#idle.push(idle);
  }

  #takeIdle(): ChildProcess | undefined {
    const idle = this.#idle.pop();
    idle?.stopIdling();
    return idle?.child;
  }
}
