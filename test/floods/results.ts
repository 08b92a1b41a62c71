import { writeFile } from 'node:fs/promises';
import type { Counts } from './attack.js';

export interface Latency {
  p50: number;
  p99: number;
  max: number;
  count: number;
}

/** One flood. Durations in milliseconds, memory in bytes. */
export interface Result {
  flood: string;
  seconds: number;
  baseline: { timeSync: Latency; command: Latency; stream: Latency };
  timeSync: Latency;
  command: Latency;
  stream: Latency;
  failed: number;
  /** Of the event loop of the healthy clients' own process, p99: what the measurement itself adds. */
  loopDelayMs: number;
  disconnects: number;
  resets: number;
  lost: number;
  doubled: number;
  retries: number;
  memory: { before: number; peak: number; after: number; recoveredAfterSeconds: number | null };
  attacker: Counts;
  /** New events in the healthy clients' room during the flood, per second; null if the server did not answer. */
  eventsPerSecond: number | null;
  /** Whether the log still reached back to before the flood. */
  historySurvived: boolean | null;
  /** How the server process ended; null if it did not. */
  serverEnded: string | null;
}

export function latencyOf(samples: readonly number[]): Latency {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (quantile: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0, count: sorted.length };
}

/** Writes the results to the file that FLOOD_RESULTS names. */
export async function writeResults(results: readonly Result[]): Promise<void> {
  const file = process.env['FLOOD_RESULTS'];
  if (file) await writeFile(file, `${JSON.stringify(results, null, 2)}\n`);
}

const ms = ({ p50, p99, max }: Latency): string => [p50, p99, max].map((value) => value.toFixed(0)).join('/');
const megabytes = (value: number): string => (value / 2 ** 20).toFixed(0);

export function table(results: readonly Result[]): string {
  const header = [
    'flood',
    'time_sync p50/p99/max ms',
    'commands',
    'stream',
    'baseline p99',
    'own loop p99',
    'failed',
    'disconnects',
    'lost',
    'doubled',
    'RSS before/peak/after MB',
    'back after s',
    'sent',
    'refused',
    'closed',
    'events/s',
    'history',
    'server',
  ];
  const rows = results.map((result) => [
    result.flood,
    ms(result.timeSync),
    ms(result.command),
    ms(result.stream),
    [result.baseline.timeSync, result.baseline.command].map(({ p99 }) => p99.toFixed(0)).join('/'),
    result.loopDelayMs.toFixed(0),
    result.failed,
    result.disconnects,
    result.lost,
    result.doubled,
    [result.memory.before, result.memory.peak, result.memory.after].map(megabytes).join('/'),
    result.memory.recoveredAfterSeconds?.toFixed(0) ?? 'no',
    result.attacker.sent,
    result.attacker.refused,
    result.attacker.closed,
    result.eventsPerSecond?.toFixed(0) ?? 'no answer',
    result.historySurvived === null ? 'no answer' : result.historySurvived ? 'kept' : 'gone',
    result.serverEnded ?? 'lives',
  ]);
  return [header, header.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
