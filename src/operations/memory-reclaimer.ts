import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Injectable } from '@nestjs/common';
import { Lifecycle } from '../lifecycle/lifecycle.js';

const checkIntervalMs = 5000;
/** The event loop is busy above this. Then V8 collects by itself. */
const busyUtilization = 0.4;
/** Growth of the heap since its smallest size after which a collection is tried. */
const minGrowthBytes = 8 * 2 ** 20;
/** A collection that freed less was not worth it. */
const minFreedBytes = 4 * 2 ** 20;
/** A collection stops the process: for some tens of milliseconds here, for longer if there are more objects. */
const longPauseMs = 100;
/** A larger heap is left to V8: compacting it would stop the process for too long. */
const maxHeapBytes = 256 * 2 ** 20;
/** Time to the next collection: doubled after each one that was not worth it. */
const minPauseMs = 15_000;
const maxPauseMs = 600_000;
/** After a busy time the pause is not doubled for so long: connections that were lost are closed in the next minute. */
const settlingMs = 120_000;

type Collect = (options: { type: 'major'; execution: 'async' }) => Promise<void>;

/**
 * Returns memory to the operating system after a peak of load. V8 collects when memory is allocated: a server that was
 * busy and is quiet now would keep the heap of its busiest moment for a long time.
 */
@Injectable()
export class MemoryReclaimer {
  readonly #collect: Collect;
  #utilization = performance.eventLoopUtilization();
  #smallestBytes = Infinity;
  #pauseMs = minPauseMs;
  /** In milliseconds of the monotonic clock. */
  #notBefore = 0;
  #wasBusy = false;
  #wasShort = true;
  #busyAt = -Infinity;

  constructor(lifecycle: Lifecycle) {
    setFlagsFromString('--expose-gc');
    this.#collect = runInNewContext('gc') as Collect;
    lifecycle.repeat('the check for unused memory', checkIntervalMs, () => this.check());
  }

  async check(): Promise<void> {
    const before = this.#utilization;
    this.#utilization = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(this.#utilization, before);
    const began = performance.now();
    if (utilization > busyUtilization) {
      this.#wasBusy = true;
      this.#busyAt = began;
      return;
    }
    const { heapTotal } = process.memoryUsage();
    this.#smallestBytes = Math.min(this.#smallestBytes, heapTotal);
    const hasGrown = heapTotal - this.#smallestBytes >= minGrowthBytes;
    if (heapTotal > maxHeapBytes) return;
    const isDue = began >= this.#notBefore || (this.#wasBusy && this.#wasShort);
    if (!isDue || !(this.#wasBusy || hasGrown)) return;
    this.#wasBusy = false;
    await this.#compact();
    const { heapTotal: remaining } = process.memoryUsage();
    this.#smallestBytes = Math.min(this.#smallestBytes, remaining);
    const ended = performance.now();
    this.#wasShort = ended - began < longPauseMs;
    const mayRepeat = heapTotal - remaining >= minFreedBytes || ended - this.#busyAt < settlingMs;
    if (!this.#wasShort) this.#pauseMs = maxPauseMs;
    else this.#pauseMs = mayRepeat ? minPauseMs : Math.min(this.#pauseMs * 2, maxPauseMs);
    this.#notBefore = ended + this.#pauseMs;
  }

  async #compact(): Promise<void> {
    // Otherwise pages with a few objects each, left by a peak, stay in memory.
    setFlagsFromString('--compact-on-every-full-gc');
    try {
      await this.#collect({ type: 'major', execution: 'async' });
    } finally {
      setFlagsFromString('--no-compact-on-every-full-gc');
    }
  }
}
