import { getPriority, setPriority } from 'node:os';
import { Worker } from 'node:worker_threads';

const killMe = `setTimeout(() => process.kill(process.pid, 'SIGKILL'), require('node:worker_threads').workerData)`;

/**
 * For the start of a process that analyses an upload. Delivery goes first; signals to the whole process group leave it
 * to the server when the process ends; and it ends by itself if the server was killed and cannot end it any more.
 * @param maxMs more than the server's own limit
 */
export function becomeLimited(maxMs: number): void {
  setPriority(Math.max(10, getPriority()));
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  // In a thread: a decoder that does not return blocks all timers of this one.
  new Worker(killMe, { eval: true, workerData: maxMs }).unref();
}
