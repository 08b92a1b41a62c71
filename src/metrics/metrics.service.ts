import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, type Metric, Registry } from 'prom-client';
import { catalogue } from '../contract/index.js';
import { bounds, type Histogram } from './histogram.js';
import { counterNames, nodeCounterNames, Statistics } from './statistics.js';
import { RoomStreams } from '../delivery/room-streams.js';

/** In milliseconds. */
const longestTimer = 2 ** 31 - 1;

/** The statistics as Prometheus metrics. Labels are event types, priorities and fixed names: they never grow. */
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
      'From a change to the last write of its event',
      (s) => s.commitToWrite,
    );
    this.#histogram(
      'roomcast_write_to_confirmation_seconds',
      'From a write to its confirmation',
      (s) => s.writeToConfirmation,
    );
  }

  read(): Promise<string> {
    return this.#registry.metrics();
  }

  #process(): void {
    // The distribution of the loop's lag takes a timer that wakes an idle server all the time.
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: longestTimer });
    for (const name of ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99']) {
      this.#registry.removeSingleMetric(`nodejs_eventloop_lag_${name}_seconds`);
    }
    new Counter({
      name: 'nodejs_eventloop_active_seconds_total',
      help: 'For how long the event loop was not waiting for anything, in seconds.',
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

  /** Counted by us on the way of each delivery; prom-client's own histogram would be asked for each. */
  #histogram(name: string, help: string, of: (figures: Statistics['total']) => Histogram): void {
    const { total } = this.statistics;
    const metric = {
      name,
      help,
      get: () => {
        const histogram = of(total);
        let sum = 0;
        const values = [...bounds, '+Inf'].map((le, index) => {
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
