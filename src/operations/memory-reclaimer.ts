import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Injectable } from '@nestjs/common';
import { Lifecycle } from '../lifecycle/lifecycle.js';

const checkIntervalMs = 5000;
/** A collection stops the process for some tens of milliseconds: only after a busy time, or if it can free this much. */
const minReclaimableBytes = 48 * 2 ** 20;
/** The event loop is busy above this. Then V8 collects by itself. */
const busyUtilization = 0.4;

type Collect = (options: { type: 'major'; execution: 'async' }) => Promise<void>;

/**
 * Returns memory to the operating system after a peak of load. V8 collects when memory is allocated: a server that was
 * busy and is quiet now would keep the heap of its busiest moment for a long time.
 */
@Injectable()
export class MemoryReclaimer {
  readonly #collect: Collect;
  #utilization = performance.eventLoopUtilization();
  /** Size of the heap after the last collection. */
  #collectedBytes = process.memoryUsage().heapTotal;
  #wasBusy = false;

  constructor(lifecycle: Lifecycle) {
    setFlagsFromString('--expose-gc');
    this.#collect = runInNewContext('gc') as Collect;
    lifecycle.repeat('the check for unused memory', checkIntervalMs, () => this.check());
  }

  async check(): Promise<void> {
    const before = this.#utilization;
    this.#utilization = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(this.#utilization, before);
    const { heapTotal } = process.memoryUsage();
    this.#collectedBytes = Math.min(this.#collectedBytes, heapTotal);
    if (utilization > busyUtilization) {
      this.#wasBusy = true;
      return;
    }
    if (!this.#wasBusy && heapTotal - this.#collectedBytes < minReclaimableBytes) return;
    this.#wasBusy = false;
    await this.#collect({ type: 'major', execution: 'async' });
    this.#collectedBytes = process.memoryUsage().heapTotal;
  }
}
