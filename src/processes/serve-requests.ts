import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { Worker } from 'node:worker_threads';

/** Message from the server to a process. */
export interface ProcessRequest<Request> {
  id: number;
  request: Request;
}

/** Message from a process to the server. */
export interface ProcessAnswer<Answer> {
  /** Of the request. */
  id: number;
  answer: Answer;
  /** The process must not be asked again. */
  isLast: boolean;
}

/** A process that has grown beyond this answers no other request. WebAssembly's memory never shrinks. */
const maxKeptBytes = 160 * 2 ** 20;

const killUnlessStopped = `
  const { parentPort, workerData: maxMs } = require('node:worker_threads');
  let timer;
  parentPort.on('message', (isBusy) => {
    clearTimeout(timer);
    if (isBusy) timer = setTimeout(() => process.kill(process.pid, 'SIGKILL'), maxMs);
  });`;

/**
 * Of all threads. On Linux `setPriority` changes only one: native code that runs in libuv's threads, and V8's compiler
 * threads, would keep the priority of the server.
 */
function lowerPriority(): void {
  const priority = Math.max(10, getPriority());
  setPriority(priority);
  if (process.platform !== 'linux') return;
  for (const thread of readdirSync('/proc/self/task')) {
    try {
      setPriority(Number(thread), priority);
    } catch {
      // The thread has ended.
    }
  }
}

/**
 * For the entry point of a process of `ProcessPool`: answers its requests, one after the other. Delivery goes first, so
 * the process has a low priority; signals to the whole process group leave it to the server when it ends; and it ends by
 * itself if the server was killed.
 * @param answer if it throws, the process ends and the request has failed
 * @param maxMs of one request, more than the server's own limit
 */
export function serveRequests<Request, Answer>(
  answer: (request: Request) => Promise<Answer>,
  maxMs: number,
): void {
  lowerPriority();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  // In a thread: a decoder that does not return blocks all timers of this one, and the news that the server has ended.
  const watchdog = new Worker(killUnlessStopped, { eval: true, workerData: maxMs });
  watchdog.unref();
  process.on('disconnect', () => process.exit());
  process.on('message', (message) => {
    const { id, request } = message as ProcessRequest<Request>;
    watchdog.postMessage(true);
    void answer(request).then((result) => {
      watchdog.postMessage(false);
      const isLast = process.memoryUsage.rss() > maxKeptBytes;
      process.send!({ id, answer: result, isLast } satisfies ProcessAnswer<Answer>);
    });
  });
}
