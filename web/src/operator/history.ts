import type { AdminOverview } from '@roomcast/client';

const keptSeconds = 600;

/** What is drawn of an overview. Null: not measured. */
const figures = {
  events: ({ events_per_second }: AdminOverview) =>
    Object.values(events_per_second).reduce((sum, rate) => sum + rate, 0),
  written50: ({ latencies }: AdminOverview) => milliseconds(latencies.commit_to_write.p50),
  written95: ({ latencies }: AdminOverview) => milliseconds(latencies.commit_to_write.p95),
  written99: ({ latencies }: AdminOverview) => milliseconds(latencies.commit_to_write.p99),
  confirmed50: ({ latencies }: AdminOverview) => milliseconds(latencies.write_to_confirmation.p50),
  confirmed95: ({ latencies }: AdminOverview) => milliseconds(latencies.write_to_confirmation.p95),
  confirmed99: ({ latencies }: AdminOverview) => milliseconds(latencies.write_to_confirmation.p99),
  connections: ({ connections }: AdminOverview) => connections,
  rss: ({ memory }: AdminOverview) => memory.rss_bytes / 1e6,
  heap: ({ memory }: AdminOverview) => memory.heap_used_bytes / 1e6,
  loop50: ({ loop_delay }: AdminOverview) => milliseconds(loop_delay?.p50),
  loop99: ({ loop_delay }: AdminOverview) => milliseconds(loop_delay?.p99),
  loopMax: ({ loop_delay }: AdminOverview) => milliseconds(loop_delay?.max),
  retries: ({ confirmations }: AdminOverview, before?: AdminOverview) =>
    since(confirmations.retries, before?.confirmations.retries),
  deadLetters: ({ confirmations }: AdminOverview, before?: AdminOverview) =>
    since(confirmations.dead_letters, before?.confirmations.dead_letters),
} satisfies Record<string, (overview: AdminOverview, before?: AdminOverview) => number | null>;

export type Figure = keyof typeof figures;

const names = Object.keys(figures) as Figure[];
const milliseconds = (seconds: number | null | undefined) =>
  seconds === null || seconds === undefined ? null : seconds * 1000;
/** A counter that is smaller than before belongs to a process that has started in between. */
const since = (now: number, before: number | undefined) =>
  before === undefined ? null : Math.max(0, now >= before ? now - before : now);

/** The figures of the last 10 minutes; older ones are dropped. */
export class History {
  readonly #times: number[] = [];
  readonly #values = new Map<Figure, (number | null)[]>(names.map((name) => [name, []]));
  #last: AdminOverview | undefined;

  add(overview: AdminOverview): void {
    // Another node behind the same address may answer, with another clock.
    if (this.#last && overview.server_time <= this.#last.server_time) return;
    this.#times.push(overview.server_time);
    for (const name of names) this.#values.get(name)!.push(figures[name](overview, this.#last));
    this.#last = overview;
    const old = this.#times.findIndex((time) => time > overview.server_time - keptSeconds);
    if (old <= 0) return;
    this.#times.splice(0, old);
    for (const values of this.#values.values()) values.splice(0, old);
  }

  /** Times in Unix seconds, then a row for each figure. */
  rows(shown: readonly Figure[]): [number[], ...(number | null)[][]] {
    return [[...this.#times], ...shown.map((name) => [...this.#values.get(name)!])];
  }

  newest(name: Figure): number | null {
    return this.#values.get(name)!.at(-1) ?? null;
  }
}
