import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { SETTINGS } from '../config/config.module.js';
import type { Settings } from '../config/settings.js';

/** Refused requests that one caller may cause in a window. */
export const maxRefusals = 300;
export const windowMs = 10_000;
/** Callers that are remembered; beyond it the one whose window began first is forgotten. */
const maxCallers = 20_000;
const reportEveryMs = 60_000;
/** Lines of one report; the rest is summed up in one more. */
const maxReportLines = 20;

interface Window {
  count: number;
  endsAt: number;
}

/**
 * Counts refusals (401 and 404 answers, refused handshakes) by caller: a client address as `ClientAddresses.key` gives
 * it, or `user:<id>` where a valid token says who it is. A caller that has caused `maxRefusals` in a window is turned
 * away without any work until the window ends; how often is logged once a minute instead of line by line.
 */
@Injectable()
export class Refusals implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #windows = new Map<string, Window>();
  #turnedAway = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(SETTINGS) private readonly settings: Settings,
    @InjectPinoLogger(Refusals.name) private readonly log: PinoLogger,
  ) {}

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => this.report(), reportEveryMs).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
    this.report();
  }

  /** A caller was refused. */
  count(caller: string): void {
    if (!this.settings.rateLimit) return;
    const now = performance.now();
    const window = this.#windows.get(caller);
    if (window && now < window.endsAt) {
      window.count += 1;
      return;
    }
    // Deleted and inserted again, so that the map stays in the order in which windows end.
    this.#windows.delete(caller);
    if (this.#windows.size >= maxCallers) this.#windows.delete(this.#windows.keys().next().value!);
    this.#windows.set(caller, { count: 1, endsAt: now + windowMs });
  }

  /** For how long a caller is to be turned away, in milliseconds; undefined where it is not. */
  blockedMs(caller: string): number | undefined {
    const window = this.#windows.get(caller);
    if (!window || window.count < maxRefusals) return undefined;
    const left = window.endsAt - performance.now();
    return left > 0 ? left : undefined;
  }

  /** A request of this caller was answered with 429, for this or another limit. */
  countTurnedAway(caller: string): void {
    const count = this.#turnedAway.get(caller);
    if (count === undefined && this.#turnedAway.size >= maxCallers) return;
    this.#turnedAway.set(caller, (count ?? 0) + 1);
  }

  /** Logs who was turned away since the last report. */
  report(): void {
    const most = [...this.#turnedAway].sort(([, a], [, b]) => b - a);
    this.#turnedAway = new Map();
    for (const [caller, requests] of most.slice(0, maxReportLines)) {
      this.log.warn({ caller, requests }, 'requests turned away with 429 in the last minute');
    }
    const rest = most.slice(maxReportLines);
    if (rest.length === 0) return;
    const requests = rest.reduce((sum, [, count]) => sum + count, 0);
    this.log.warn({ callers: rest.length, requests }, 'requests of further callers turned away with 429');
  }
}
