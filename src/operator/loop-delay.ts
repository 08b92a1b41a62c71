import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Injectable } from '@nestjs/common';
import type { AdminOverview } from '../contract/index.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';

const resolutionMs = 20;
/** The measurement ends when nobody has read it for so long: its timer would keep waking an idle server. */
const unreadMs = 60_000;
const checkEveryMs = 10_000;

/** By how much the event loop delays timers, measured from one read to the next. */
@Injectable()
export class LoopDelay {
  #histogram: IntervalHistogram | undefined;
  #readAt = 0;

  constructor(lifecycle: Lifecycle) {
    lifecycle.repeat('the check of the loop delay', checkEveryMs, () => {
      if (performance.now() - this.#readAt > unreadMs) this.#end();
    });
    lifecycle.onStop('work', 'the loop delay', () => this.#end());
  }

  /** Null if the measurement begins with this call. */
  read(): AdminOverview['loop_delay'] {
    this.#readAt = performance.now();
    const histogram = this.#histogram;
    if (!histogram) {
      this.#histogram = monitorEventLoopDelay({ resolution: resolutionMs });
      this.#histogram.enable();
      return null;
    }
    if (histogram.count === 0) return { mean: 0, p50: 0, p99: 0, max: 0 };
    const { mean, max } = histogram;
    const delays = { mean, p50: histogram.percentile(50), p99: histogram.percentile(99), max };
    histogram.reset();
    // Nanoseconds between two runs of a timer, which is not late if they are `resolutionMs` apart.
    const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - resolutionMs) / 1000;
    return {
      mean: late(delays.mean),
      p50: late(delays.p50),
      p99: late(delays.p99),
      max: late(delays.max),
    };
  }

  #end(): void {
    this.#histogram?.disable();
    this.#histogram = undefined;
  }
}
