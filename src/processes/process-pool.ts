import { type ChildProcess, fork } from 'node:child_process';
import type { ProcessAnswer, ProcessRequest } from './serve-requests.js';

/** Limits of each process. */
export interface ProcessLimits {
  /** Of one request. */
  timeoutMs: number;
  /** Of the JavaScript heap. */
  maxHeapMegabytes: number;
}

/** A process did not answer. */
export class ProcessFailure extends Error {
  /**
   * @param reason `aborted`: the server stops. `exit`: the process could not be started, ended by itself, or used too much
   * memory
   */
  constructor(
    readonly reason: 'timeout' | 'aborted' | 'exit',
    readonly exitCode: number | null = null,
    readonly signal: NodeJS.Signals | null = null,
    cause?: unknown,
  ) {
    super(`the process failed: ${reason}`, { cause });
    this.name = 'ProcessFailure';
  }

  /** The fields of a log line. */
  get fields() {
    return { reason: this.reason, exit_code: this.exitCode, signal: this.signal };
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
  readonly #processes = new Set<PooledProcess<Request, Answer>>();
  /** The one that was used last is at the end. */
  readonly #idle: { process: PooledProcess<Request, Answer>; timer: NodeJS.Timeout }[] = [];
  #isClosed = false;

  constructor(
    private readonly entry: URL,
    private readonly limits: ProcessLimits,
  ) {}

  /**
   * May run twice in two processes if the first one exits.
   * @throws {ProcessFailure} if the process exceeds a limit or exits; it is ended then
   */
  async run(request: Request): Promise<Answer> {
    const kept = this.#takeIdle();
    if (!kept) return this.#runIn(this.#start(), request);
    try {
      return await this.#runIn(kept, request);
    } catch (error) {
      // It may have been about to exit before it was asked, for example for lack of memory.
      if (!(error instanceof ProcessFailure) || error.reason !== 'exit') throw error;
      return this.#runIn(this.#start(), request);
    }
  }

  /** Ends all processes. Requests fail from now on. */
  close(): void {
    this.#isClosed = true;
    for (const { timer } of this.#idle.splice(0)) clearTimeout(timer);
    for (const process of this.#processes) process.end('aborted');
  }

  #start(): PooledProcess<Request, Answer> {
    if (this.#isClosed) throw new ProcessFailure('aborted');
    const started = new PooledProcess<Request, Answer>(this.entry, this.limits, () =>
      this.#processes.delete(started),
    );
    this.#processes.add(started);
    return started;
  }

  async #runIn(process: PooledProcess<Request, Answer>, request: Request): Promise<Answer> {
    const answer = await process.ask(request);
    if (process.isUsable && !this.#isClosed) this.#keep(process);
    return answer;
  }

  #keep(process: PooledProcess<Request, Answer>): void {
    const timer = setTimeout(() => {
      this.#idle.splice(this.#idle.indexOf(idle), 1);
      process.end('exit');
    }, maxIdleMs).unref();
    const idle = { process, timer };
    this.#idle.push(idle);
  }

  #takeIdle(): PooledProcess<Request, Answer> | undefined {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      clearTimeout(idle.timer);
      if (idle.process.isUsable) return idle.process;
    }
    return undefined;
  }
}

/** One process, which answers one request at a time. */
class PooledProcess<Request, Answer> {
  readonly #child: ChildProcess;
  #isUsable = true;
  #isKilled = false;
  #lastId = 0;
  #pending: { resolve(answer: Answer): void; reject(error: Error): void; timer: NodeJS.Timeout } | undefined;
  #reason: ProcessFailure['reason'] = 'exit';

  /** @throws {ProcessFailure} */
  constructor(
    entry: URL,
    private readonly limits: ProcessLimits,
    private readonly onEnded: () => void,
  ) {
    try {
      this.#child = fork(entry, {
        execArgv: [`--max-old-space-size=${limits.maxHeapMegabytes}`],
        // One arena: with several, the allocator keeps more memory than a file needs.
        env: { MALLOC_ARENA_MAX: '1', UV_THREADPOOL_SIZE: '2' },
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
        serialization: 'advanced',
      });
    } catch (error) {
      throw new ProcessFailure('exit', null, null, error);
    }
    this.#child.on('message', (message) => this.#take(message as ProcessAnswer<Answer>));
    this.#child.on('exit', (exitCode, signal) => this.#ended(exitCode, signal));
    // It could not be started, or a message could not be sent to it; then it has exited or does so now.
    this.#child.on('error', (error) => {
      this.end('exit');
      if (this.#child.pid === undefined) this.#ended(null, null, error);
    });
  }

  /** Whether it can be asked something. */
  get isUsable(): boolean {
    return this.#isUsable && this.#child.connected;
  }

  /** @throws {ProcessFailure} */
  ask(request: Request): Promise<Answer> {
    const message: ProcessRequest<Request> = { id: ++this.#lastId, request };
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.end('timeout'), this.limits.timeoutMs);
      this.#pending = { resolve, reject, timer };
      // Not connected: `error` or `exit` follows.
      if (this.#child.connected) this.#child.send(message);
    });
  }

  /** @param reason why a pending request fails */
  end(reason: ProcessFailure['reason']): void {
    if (this.#isUsable) this.#reason = reason;
    this.#isUsable = false;
    // Not twice: a kill that fails is reported as an `error`, which leads here.
    if (this.#child.pid !== undefined && !this.#isKilled) {
      this.#isKilled = true;
      this.#child.kill('SIGKILL');
    }
  }

  #take({ id, answer, isLast }: ProcessAnswer<Answer>): void {
    const pending = this.#pending;
    // A process that says something unasked does not work properly any more.
    if (isLast || !pending || id !== this.#lastId) this.end('exit');
    if (!pending || id !== this.#lastId) return;
    this.#pending = undefined;
    clearTimeout(pending.timer);
    pending.resolve(answer);
  }

  #ended(exitCode: number | null, signal: NodeJS.Signals | null, cause?: unknown): void {
    this.#isUsable = false;
    this.onEnded();
    if (!this.#pending) return;
    clearTimeout(this.#pending.timer);
    this.#pending.reject(new ProcessFailure(this.#reason, exitCode, signal, cause));
    this.#pending = undefined;
  }
}
