import { performance } from 'node:perf_hooks';
import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, type Metric, Registry } from 'prom-client';
import { catalogue } from '../contract/index.js';
import { boundsSeconds, type Histogram } from './histogram.js';
import { counterNames, nodeCounterNames, Statistics } from './statistics.js';
import { RoomStreams } from '../delivery/room-streams.js';

/** The longest delay of a timer in Node.js. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * Exposes the statistics as Prometheus metrics. Labels are event types, priorities and fixed names, so the number of
 * time series is constant.
 */
@Injectable()
export class MetricsService {
  readonly #registry = new Registry();

  constructor(
    private readonly statistics: Statistics,
    private readonly streams: RoomStreams,
  ) {
    this.#process();
    this.#counters();
    this.#gauges();
    this.#histogram(
      'roomcast_commit_to_write_seconds',
      'Seconds from the time of an event, before its commit, to its last write',
      (s) => s.commitToWrite,
    );
    this.#histogram(
      'roomcast_write_to_confirmation_seconds',
      'Seconds from the first write of an event to its confirmation',
      (s) => s.writeToConfirmation,
    );
  }

  read(): Promise<string> {
    return this.#registry.metrics();
  }

  #process(): void {
    // Measuring the distribution of the event loop's lag needs a timer that keeps waking an idle server, so the timer
    // is set to practically never fire, and its metrics are removed.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: maxTimerMs });
    for (const name of ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99']) {
      this.#registry.removeSingleMetric(`nodejs_eventloop_lag_${name}_seconds`);
    }
    new Counter({
      name: 'nodejs_eventloop_active_seconds_total',
      help: 'Seconds for which the event loop was busy',
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(performance.eventLoopUtilization().active / 1000);
      },
    });
  }

  #counters(): void {
    const { total } = this.statistics;
    for (const name of counterNames) {
      new Counter({
        name: `roomcast_${name}_total`,
        help: `Deliveries: ${name.replace('_', ' ')}`,
        labelNames: ['type', 'priority'],
        registers: [this.#registry],
        collect() {
          this.reset();
          for (const [type, counters] of total.byType) {
            this.inc({ type, priority: catalogue[type].priority }, counters[name]);
          }
        },
      });
    }
    for (const name of nodeCounterNames) {
      new Counter({
        name: `roomcast_${name}_total`,
        help: `This node: ${name.replaceAll('_', ' ')}`,
        registers: [this.#registry],
        collect() {
          this.reset();
          this.inc(total.node[name]);
        },
      });
    }
  }

  #gauges(): void {
    const { streams, statistics } = this;
    const gauges = {
      rooms: ['rooms', 'Rooms that have a connection to this node'],
      connections: ['connections', 'Open connections'],
      pending_confirmations: ['pendingConfirmations', 'Confirmations that are pending'],
    } as const;
    for (const [name, [field, help]] of Object.entries(gauges)) {
      new Gauge({
        name: `roomcast_${name}`,
        help,
        registers: [this.#registry],
        collect() {
          this.set(streams.size[field]);
        },
      });
    }
    new Gauge({
      name: 'roomcast_transport',
      help: '1 for the transport that writes to the sockets',
      labelNames: ['transport'],
      registers: [this.#registry],
      collect() {
        for (const transport of ['standard', 'fast'] as const) {
          this.set({ transport }, statistics.transport === transport ? 1 : 0);
        }
      },
    });
  }

  /**
   * A Prometheus histogram that is read from ours when it is scraped: updating one of prom-client for each delivery
   * would cost more.
   */
  #histogram(name: string, help: string, of: (figures: Statistics['total']) => Histogram): void {
    const { total } = this.statistics;
    const metric = {
      name,
      help,
      get: () => {
        const histogram = of(total);
        let sum = 0;
        const values = [...boundsSeconds, '+Inf'].map((le, index) => {
          sum += histogram.counts[index]!;
          return { metricName: `${name}_bucket`, labels: { le }, value: sum };
        });
        return Promise.resolve({
          name,
          help,
          type: 'histogram',
          aggregator: 'sum',
          values: [
            ...values,
            { metricName: `${name}_sum`, labels: {}, value: histogram.sum },
            { metricName: `${name}_count`, labels: {}, value: histogram.count },
          ],
        });
      },
    };
    this.#registry.registerMetric(metric as unknown as Metric);
  }
}
