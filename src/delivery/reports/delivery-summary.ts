import type { DeliveryCounts, DeliveryOutcome, DeliveryUser, User } from '../../contract/index.js';
import { type Delivery, Outcome } from '../confirmations/delivery.js';

/** One node's part of the report on one event, as it is stored in the table `deliveries`. */
export interface DeliverySummary {
  counts: DeliveryCounts;
  connections: { expected: number; confirmed: number };
  attempts: number;
  /** Seconds from the first send to the confirmation. */
  p50: number | null;
  p99: number | null;
  max: number | null;
  users: DeliveryUser[];
}

/** Up to this many users are all listed; of more, only those without a prompt confirmation. */
const listAllUpTo = 50;
const maxListedUsers = 100;
/** A confirmation that took longer is listed. */
const slowSeconds = 1;

const outcomeNames: Record<Outcome, DeliveryOutcome | undefined> = {
  [Outcome.None]: undefined,
  [Outcome.Pending]: 'pending',
  [Outcome.ReplayPending]: 'pending',
  [Outcome.Confirmed]: 'confirmed',
  [Outcome.ReplayConfirmed]: 'confirmed',
  [Outcome.Expired]: 'expired',
  [Outcome.Superseded]: 'superseded',
  [Outcome.DeadLetter]: 'dead_letter',
};

/** A user's outcome is the worst of their connections; a closed connection counts only if there is no other. */
const severity: Record<DeliveryOutcome, number> = {
  expired: 0,
  confirmed: 1,
  superseded: 2,
  pending: 3,
  dead_letter: 4,
};

/** The order in which users are listed: those who may lack the event first. */
const listOrder: readonly DeliveryOutcome[] = [
  'dead_letter',
  'pending',
  'expired',
  'superseded',
  'confirmed',
];

export function summarizeDelivery(delivery: Delivery, users: readonly User[]): DeliverySummary {
  const byUser = new Map<string, DeliveryUser>();
  const latencies: number[] = [];
  let connections = 0;
  let confirmed = 0;
  let attempts = 0;
  for (let slot = 0; slot < delivery.outcomes.length; slot += 1) {
    const outcome = outcomeNames[delivery.outcomes[slot] as Outcome];
    if (!outcome) continue;
    connections += 1;
    const slotAttempts = delivery.attemptsBySlot[slot]!;
    attempts = Math.max(attempts, slotAttempts);
    let seconds: number | null = null;
    if (outcome === 'confirmed') {
      confirmed += 1;
      seconds = Math.max(0, Math.round(delivery.latencySeconds[slot]! * 1e6) / 1e6);
      latencies.push(seconds);
    }
    const user = addConnection(byUser, users[slot]!, outcome, slotAttempts, seconds);
    if ((delivery.outcomes[slot] as Outcome) === Outcome.ReplayConfirmed) {
      user.confirmed_late_at = delivery.sentAt + delivery.latencySeconds[slot]!;
    }
  }
  // A user who confirmed on another connection in time was not late.
  for (const user of byUser.values()) if (user.outcome === 'confirmed') user.confirmed_late_at = null;
  latencies.sort((a, b) => a - b);
  return {
    counts: countUsers(byUser.values(), byUser.size),
    connections: { expected: connections, confirmed },
    attempts,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    max: latencies.at(-1) ?? null,
    users: listedUsers([...byUser.values()]),
  };
}

/** The key of `DeliveryCounts` for each outcome. */
const countOf = {
  pending: 'pending',
  confirmed: 'confirmed',
  expired: 'expired',
  superseded: 'superseded',
  dead_letter: 'dead_letters',
} as const satisfies Record<DeliveryOutcome, keyof DeliveryCounts>;

const noCounts = (): DeliveryCounts => ({
  expected: 0,
  confirmed: 0,
  pending: 0,
  superseded: 0,
  expired: 0,
  dead_letters: 0,
});

function countUsers(users: Iterable<DeliveryUser>, expected: number): DeliveryCounts {
  const counts = { ...noCounts(), expected };
  for (const { outcome } of users) counts[countOf[outcome]] += 1;
  return counts;
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

function listedUsers(users: DeliveryUser[]): DeliveryUser[] {
  const isNotable = ({ outcome, attempts, seconds }: DeliveryUser) =>
    outcome !== 'confirmed' || attempts > 1 || (seconds ?? 0) > slowSeconds;
  const listed = users.length <= listAllUpTo ? users : users.filter(isNotable);
  return listed
    .sort(
      (a, b) =>
        listOrder.indexOf(a.outcome) - listOrder.indexOf(b.outcome) || (b.seconds ?? 0) - (a.seconds ?? 0),
    )
    .slice(0, maxListedUsers);
}

/** The smallest value that at least the share `q` of the sorted values does not exceed (nearest rank). */
const quantile = (sorted: readonly number[], q: number): number | null =>
  sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;

/** The summaries of several nodes as one. Quantiles are the largest of the nodes', an upper bound. */
export function mergeSummaries(summaries: readonly DeliverySummary[]): DeliverySummary {
  const largest = (values: (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : Math.max(...known);
  };
  const counts = noCounts();
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
    p50: largest(summaries.map(({ p50 }) => p50)),
    p99: largest(summaries.map(({ p99 }) => p99)),
    max: largest(summaries.map(({ max }) => max)),
    users: summaries.flatMap(({ users }) => users),
  };
}

/** Names that earlier versions stored. */
interface EarlierUser {
  outcome: string;
  caught_up_at?: number | null;
}
interface EarlierCounts {
  outstanding?: number;
  dead?: number;
}

/** Reads a stored summary, also one that an earlier version wrote with other names. */
export function parseSummary(text: string): DeliverySummary {
  const summary = JSON.parse(text) as DeliverySummary;
  const { outstanding, dead, ...counts } = summary.counts as DeliveryCounts & EarlierCounts;
  summary.counts = counts;
  counts.pending ??= outstanding ?? 0;
  counts.dead_letters ??= dead ?? 0;
  for (const user of summary.users as (DeliveryUser & EarlierUser)[]) {
    user.confirmed_late_at ??= user.caught_up_at ?? null;
    delete user.caught_up_at;
    if ((user.outcome as string) === 'dead') user.outcome = 'dead_letter';
    else if ((user.outcome as string) === 'outstanding') user.outcome = 'pending';
  }
  return summary;
}
