import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';

/** Refused requests per caller and window before the caller is blocked. */
export const maxRefusals = 300;
/** A connection with too many pipelined requests counts as so many refused requests. */
const floodCost = 30;
/** Length of a window, which starts with the caller's first refused request. */
export const windowMs = 10_000;
/** Callers with a window; beyond it the caller with the oldest window is evicted. */
const maxCallers = 20_000;
const reportEveryMs = 60_000;
/** Log lines per report; the remaining callers are summed up in one more line. */
const maxReportLines = 20;

interface Window {
  count: number;
  endsAt: number;
}

/**
 * Counts refused requests (answers with 401 and 404, without a valid token also with 400, 415 and 422; refused handshakes) by caller: `user:<id>` for a request with a valid
 * token, else the client address from `ClientAddresses.key`. A caller with `maxRefusals` in a window is blocked until
 * the window ends: its requests are answered with 429 before any other work. Requests answered with 429 are logged as
 * one line per caller and minute instead of one per request.
 */
@Injectable()
export class Refusals {
  readonly #windows = new Map<string, Window>();
  #rejected = new Map<string, number>();

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    lifecycle: Lifecycle,
    @InjectPinoLogger(Refusals.name) private readonly log: PinoLogger,
  ) {
    lifecycle.repeat('the report of refused requests', reportEveryMs, () => this.report());
    lifecycle.onStop('flush', 'the report of refused requests', () => this.report());
  }

  /** Counts a refused request, or as many as it cost. */
  count(caller: string, requests = 1): void {
    if (!this.settings.rateLimit) return;
    const now = performance.now();
    const window = this.#windows.get(caller);
    if (window && now < window.endsAt) {
      window.count += requests;
      return;
    }
    // Delete and insert again, so that the map stays ordered by the end of the windows.
    this.#windows.delete(caller);
    if (this.#windows.size >= maxCallers) this.#windows.delete(this.#windows.keys().next().value!);
    this.#windows.set(caller, { count: requests, endsAt: now + windowMs });
  }

  /** Counts a connection with too many pipelined requests. */
  countFlood(caller: string): void {
    this.countRejected(caller);
    this.count(caller, floodCost);
  }

  /** For how long the caller is still blocked, in milliseconds; undefined if it is not. */
  blockedMs(caller: string): number | undefined {
    const window = this.#windows.get(caller);
    if (!window || window.count < maxRefusals) return undefined;
    const remainingMs = window.endsAt - performance.now();
    return remainingMs > 0 ? remainingMs : undefined;
  }

  /** Counts a request that was answered with 429 because of this or another limit. */
  countRejected(caller: string): void {
    const count = this.#rejected.get(caller);
    if (count === undefined && this.#rejected.size >= maxCallers) return;
    this.#rejected.set(caller, (count ?? 0) + 1);
  }

  /** Logs the callers with requests answered with 429 since the last report. */
  report(): void {
    const most = [...this.#rejected].sort(([, a], [, b]) => b - a);
    this.#rejected = new Map();
    for (const [caller, requests] of most.slice(0, maxReportLines)) {
      this.log.warn({ caller, requests }, 'requests rejected with 429 in the last minute');
    }
    const rest = most.slice(maxReportLines);
    if (rest.length === 0) return;
    const requests = rest.reduce((sum, [, count]) => sum + count, 0);
    this.log.warn(
      { callers: rest.length, requests },
      'requests of other callers rejected with 429 in the last minute',
    );
  }
}
