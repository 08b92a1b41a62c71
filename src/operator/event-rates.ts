import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import type { EventType } from '../contract/index.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { Statistics } from '../metrics/statistics.js';

const sampleEveryMs = 5000;
/** One more than fit into the last minute: the oldest is where it begins. */
const maxSamples = 13;

interface Sample {
  at: number;
  events: ReadonlyMap<EventType, number>;
}

/** Events per second by type over the last minute, from samples of the counters. Takes none if there is no operator. */
@Injectable()
export class EventRates {
  readonly #samples: Sample[] = [];

  constructor(
    private readonly statistics: Statistics,
    @Inject(SETTINGS) { adminToken }: Settings,
    lifecycle: Lifecycle,
  ) {
    if (adminToken === null) return;
    this.#samples.push(this.#sample());
    lifecycle.repeat('the sample of event rates', sampleEveryMs, () => {
      this.#samples.push(this.#sample());
      if (this.#samples.length > maxSamples) this.#samples.shift();
    });
  }

  /** Types without events are left out. */
  read(): Record<string, number> {
    const now = this.#sample();
    const since = this.#samples[0];
    // Since the start, if that was a moment ago, as over a second.
    const seconds = Math.max(1, since === undefined ? 1 : (now.at - since.at) / 1000);
    const rates: Record<string, number> = {};
    for (const [type, events] of now.events) {
      const count = events - (since?.events.get(type) ?? 0);
      if (count > 0) rates[type] = count / seconds;
    }
    return rates;
  }

  #sample(): Sample {
    const { byType } = this.statistics.total;
    return {
      at: performance.now(),
      events: new Map([...byType].map(([type, counters]) => [type, counters.events])),
    };
  }
}
