import {
  Injectable,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { RepeatingTask } from './repeating-task.js';

/**
 * What happens when the server stops, in this order. The steps of a phase run at the same time; a phase begins when the
 * one before has finished.
 * - requests: new ones have been refused since `drain`; those in progress finish, and sockets still receive events
 * - connections: sockets are closed
 * - work: repeating tasks end first, then other background work
 * - flush: what is queued in memory is written
 * - listeners: the HTTP server is closed by Nest (no steps here)
 * - resources: workers and the database are closed
 */
const phasesBeforeClose = ['requests', 'connections', 'work', 'flush'] as const;
const phasesAfterClose = ['resources'] as const;
export type StopPhase = (typeof phasesBeforeClose)[number] | (typeof phasesAfterClose)[number];

interface StopStep {
  name: string;
  run: () => void | Promise<void>;
}

/**
 * Orders the start of repeating work and the server's stop. Services register both in their constructors; of Nest's
 * hooks, those of the stop are used here only. A step that fails is logged and does not prevent others from running.
 */
@Injectable()
export class Lifecycle implements OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  readonly #tasks: RepeatingTask[] = [];
  readonly #steps = new Map<StopPhase, StopStep[]>();
  readonly #drainListeners: (() => void)[] = [];
  #isDraining = false;

  constructor(@InjectPinoLogger(Lifecycle.name) private readonly log: PinoLogger) {}

  /** Whether the server is stopping: it accepts no new requests and connections. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Repeats `work` from the application's start until its `work` phase. Errors are logged, and it runs again. */
  repeat(name: string, intervalMs: number, work: () => void | Promise<void>): RepeatingTask {
    const onError = (err: unknown) => this.log.warn({ err }, `${name} failed; trying again`);
    const task = new RepeatingTask(intervalMs, work, onError);
    this.#tasks.push(task);
    return task;
  }

  onStop(phase: StopPhase, name: string, run: () => void | Promise<void>): void {
    const steps = this.#steps.get(phase) ?? [];
    this.#steps.set(phase, [...steps, { name, run }]);
  }

  /** Calls back when draining begins, before the first phase. */
  onDrain(callback: () => void): void {
    this.#drainListeners.push(callback);
  }

  /** Begins to refuse new requests and connections. */
  drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    for (const callback of this.#drainListeners) callback();
  }

  onApplicationBootstrap(): void {
    for (const task of this.#tasks) task.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.drain();
    for (const phase of phasesBeforeClose) await this.#run(phase);
  }

  async onApplicationShutdown(): Promise<void> {
    for (const phase of phasesAfterClose) await this.#run(phase);
  }

  async #run(phase: StopPhase): Promise<void> {
    if (phase === 'work') await Promise.all(this.#tasks.map((task) => task.stop()));
    const steps = this.#steps.get(phase) ?? [];
    await Promise.all(
      steps.map(async ({ name, run }) => {
        try {
          await run();
        } catch (err) {
          this.log.error({ err, phase }, `stopping: ${name} failed`);
        }
      }),
    );
  }
}
