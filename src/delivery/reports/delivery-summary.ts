import type { DeliveryCounts, DeliveryOutcome, DeliveryUser, User } from '../../contract/index.js';
import { type Delivery, Outcome } from '../confirmations/delivery.js';

/** One node's account of one event: what a report is made of, and what is kept of it. */
export interface DeliverySummary {
  counts: DeliveryCounts;
  connections: { expected: number; confirmed: number };
  attempts: number;
  /** Seconds. */
  p50: number | null;
  p99: number | null;
  max: number | null;
  users: DeliveryUser[];
}

/** Where so few were to confirm, each is named. */
const namedWhenFew = 50;
const namedAtMost = 100;
/** A confirmation that took longer, in seconds, is named. */
const slow = 1;

const outcomeNames: Record<Outcome, DeliveryOutcome | undefined> = {
  [Outcome.None]: undefined,
  [Outcome.Pending]: 'outstanding',
  [Outcome.Replaying]: 'outstanding',
  [Outcome.Confirmed]: 'confirmed',
  [Outcome.CaughtUp]: 'confirmed',
  [Outcome.Expired]: 'expired',
  [Outcome.Superseded]: 'superseded',
  [Outcome.Dead]: 'dead',
};
/** Of a user's connections the worst counts, but one that is gone counts only where there is no other. */
const severity: Record<DeliveryOutcome, number> = {
  expired: 0,
  confirmed: 1,
  superseded: 2,
  outstanding: 3,
  dead: 4,
};

/** In which users are named: those who may not have it first. */
const naming: readonly DeliveryOutcome[] = ['dead', 'outstanding', 'expired', 'superseded', 'confirmed'];

export function summarizeDelivery(delivery: Delivery, users: readonly User[]): DeliverySummary {
  const byUser = new Map<string, DeliveryUser>();
  const latencies: number[] = [];
  let connections = 0;
  let confirmed = 0;
  let attempts = 0;
  for (let slot = 0; slot < delivery.outcome.length; slot += 1) {
    const outcome = outcomeNames[delivery.outcome[slot] as Outcome];
    if (!outcome) continue;
    connections += 1;
    const took = delivery.attemptsOf[slot]!;
    attempts = Math.max(attempts, took);
    let seconds: number | null = null;
    if (outcome === 'confirmed') {
      confirmed += 1;
      seconds = Math.max(0, Math.round(delivery.latency[slot]! * 1e6) / 1e6);
      latencies.push(seconds);
    }
    const user = addConnection(byUser, users[slot]!, outcome, took, seconds);
    if ((delivery.outcome[slot] as Outcome) === Outcome.CaughtUp) {
      user.confirmed_late_at = delivery.sentAt + delivery.latency[slot]!;
    }
  }
  // Whoever confirmed in time had nothing to catch up on.
  for (const user of byUser.values()) if (user.outcome === 'confirmed') user.confirmed_late_at = null;
  latencies.sort((a, b) => a - b);
  const counts: DeliveryCounts = {
    expected: byUser.size,
    confirmed: 0,
    outstanding: 0,
    superseded: 0,
    expired: 0,
    dead: 0,
  };
  for (const { outcome } of byUser.values()) counts[outcome] += 1;
  return {
    counts,
    connections: { expected: connections, confirmed },
    attempts,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    max: latencies.at(-1) ?? null,
    users: named([...byUser.values()]),
  };
}

function addConnection(
  byUser: Map<string, DeliveryUser>,
  { id, username }: User,
  outcome: DeliveryOutcome,
  attempts: number,
  seconds: number | null,
): DeliveryUser {
  const known = byUser.get(id);
  const confirmed_connections = outcome === 'confirmed' ? 1 : 0;
  if (!known) {
    const user: DeliveryUser = {
      id,
      username,
      outcome,
      connections: 1,
      confirmed_connections,
      attempts,
      seconds,
      confirmed_late_at: null,
    };
    byUser.set(id, user);
    return user;
  }
  known.connections += 1;
  known.confirmed_connections += confirmed_connections;
  known.attempts = Math.max(known.attempts, attempts);
  if (severity[outcome] > severity[known.outcome]) known.outcome = outcome;
  if (seconds !== null) known.seconds = Math.max(known.seconds ?? 0, seconds);
  return known;
}

function named(users: DeliveryUser[]): DeliveryUser[] {
  const notable =
    users.length <= namedWhenFew
      ? users
      : users.filter(
          ({ outcome, attempts, seconds }) =>
            outcome !== 'confirmed' || attempts > 1 || (seconds ?? 0) > slow,
        );
  return notable
    .sort(
      (a, b) => naming.indexOf(a.outcome) - naming.indexOf(b.outcome) || (b.seconds ?? 0) - (a.seconds ?? 0),
    )
    .slice(0, namedAtMost);
}

/** The value that the share `q` of the sorted values does not exceed (nearest rank). */
const quantile = (sorted: readonly number[], q: number): number | null =>
  sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;

/** The accounts of several nodes as one; quantiles as the worst of them, which they cannot exceed. */
export function mergeSummaries(summaries: readonly DeliverySummary[]): DeliverySummary {
  const worst = (values: (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : Math.max(...known);
  };
  const counts: DeliveryCounts = {
    expected: 0,
    confirmed: 0,
    outstanding: 0,
    superseded: 0,
    expired: 0,
    dead: 0,
  };
  const connections = { expected: 0, confirmed: 0 };
  for (const summary of summaries) {
    for (const name of Object.keys(counts) as (keyof DeliveryCounts)[]) counts[name] += summary.counts[name];
    connections.expected += summary.connections.expected;
    connections.confirmed += summary.connections.confirmed;
  }
  return {
    counts,
    connections,
    attempts: Math.max(0, ...summaries.map(({ attempts }) => attempts)),
    p50: worst(summaries.map(({ p50 }) => p50)),
    p99: worst(summaries.map(({ p99 }) => p99)),
    max: worst(summaries.map(({ max }) => max)),
    users: summaries.flatMap(({ users }) => users),
  };
}

/** A summary as it was written; earlier versions had no `confirmed_late_at`, or called it `caught_up_at`. */
export function parseSummary(text: string): DeliverySummary {
  const summary = JSON.parse(text) as DeliverySummary;
  for (const user of summary.users as (DeliveryUser & { caught_up_at?: number | null })[]) {
    user.confirmed_late_at ??= user.caught_up_at ?? null;
    delete user.caught_up_at;
  }
  return summary;
}
