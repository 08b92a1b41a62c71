import { Injectable, Logger } from '@nestjs/common';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import { Clock } from './clock.js';

const checkEveryMs = 1000;
/** An offset that changes by at least this much between two checks is a jump, not drift. */
const jumpMs = 500;
/** 50 parts per million: more than the usual drift of a quartz oscillator, too little to be audible in playback. */
const maxRate = 50e-6;
/** Drift below this is not corrected: the system time is read in milliseconds, and corrections would follow that noise. */
const toleranceMs = 2;

/**
 * Compares the server's clock with the system time once a second. Drift is corrected slowly; a jump (the system time
 * was set, or the machine was suspended) is logged and not followed until the process restarts.
 */
@Injectable()
export class SystemClockMonitor {
  readonly #log = new Logger(SystemClockMonitor.name);
  /** The part of the offset that jumps have caused. */
  #jumpedMs = 0;
  #lastOffsetMs: number;

  constructor(
    private readonly clock: Clock,
    lifecycle: Lifecycle,
  ) {
    this.#lastOffsetMs = clock.systemOffsetMs;
    lifecycle.repeat('the check of the system clock', checkEveryMs, () => this.check());
  }

  check(): void {
    const offsetMs = this.clock.systemOffsetMs;
    const changeMs = offsetMs - this.#lastOffsetMs;
    this.#lastOffsetMs = offsetMs;
    if (Math.abs(changeMs) >= jumpMs) {
      this.#jumpedMs += changeMs;
      this.#log.warn(
        `the system clock jumped by ${(changeMs / 1000).toFixed(1)} s; playback and retries are not affected. ` +
          `The server's clock is now ${(-offsetMs / 1000).toFixed(1)} s ahead of the system clock until it restarts.`,
      );
    }
    const driftMs = offsetMs - this.#jumpedMs;
    const rate = Math.max(-maxRate, Math.min(maxRate, driftMs / checkEveryMs));
    this.clock.setRate(Math.abs(driftMs) < toleranceMs ? 0 : rate);
  }
}
