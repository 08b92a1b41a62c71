import type { DeliveryFigures, PeriodFigures } from '../contract/index.js';
import type { Histogram } from './histogram.js';
import { type CounterName, type Counters, type Figures, summarize } from './statistics.js';

/** Counters as the contract's `DeliveryFigures`. */
export function figuresView(counters: Counters<CounterName>): DeliveryFigures {
  const decided = counters.confirmed + counters.dead_letters;
  return { ...counters, confirmation_rate: decided === 0 ? null : counters.confirmed / decided };
}

/** Figures of a period as the contract's `PeriodFigures`. */
export function periodView({ byType, node, commitToWrite, writeToConfirmation }: Figures): PeriodFigures {
  const { all, byPriority } = summarize(byType);
  const views = (entries: Iterable<[string, Counters<CounterName>]>) =>
    Object.fromEntries([...entries].map(([name, counters]) => [name, figuresView(counters)]));
  return {
    totals: figuresView(all),
    by_priority: views(Object.entries(byPriority)),
    by_type: views(byType),
    by_path: {
      local: { events: node.arrived_local },
      bus: {
        events: node.arrived_bus,
        published: node.bus_published,
        failed: node.bus_failed,
        skipped: node.bus_skipped,
        rejected: node.bus_rejected,
      },
      duplicates: node.duplicates,
      gaps_repaired: node.gaps_repaired,
    },
    replays: { connections: node.replays, events: node.replayed_events, resets: node.resets },
    slow_connections_closed: node.slow_connections_closed,
    commit_to_write: quantiles(commitToWrite),
    write_to_confirmation: quantiles(writeToConfirmation),
  };
}

const quantiles = (histogram: Histogram): PeriodFigures['commit_to_write'] => ({
  count: histogram.count,
  mean: histogram.count === 0 ? null : histogram.sum / histogram.count,
  p50: histogram.quantile(0.5),
  p90: histogram.quantile(0.9),
  p99: histogram.quantile(0.99),
});
