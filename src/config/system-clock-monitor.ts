import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from './clock.js';

const checkEveryMs = 1000;
/** An offset that changes by at least this much between two checks is a jump, not drift. */
const jumpMs = 500;
/** Parts per million: more than the usual drift of a quartz oscillator, too little to be audible in playback. */
const maxSlewPpm = 50;

/**
 * Compares the server's clock with the system time once a second. Drift is corrected slowly; a jump (the system time
 * was set, or the machine was suspended) is logged and not followed until the process restarts.
 */
@Injectable()
export class SystemClockMonitor implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #log = new Logger(SystemClockMonitor.name);
  #timer: NodeJS.Timeout | undefined;
  /** The part of the offset that jumps have caused. */
  #jumpedMs = 0;
  #lastOffsetMs = 0;

  constructor(private readonly clock: Clock) {}

  onApplicationBootstrap(): void {
    this.#lastOffsetMs = this.clock.systemOffsetMs;
    this.#timer = setInterval(() => this.check(), checkEveryMs).unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.#timer);
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
    const limitMs = (checkEveryMs * maxSlewPpm) / 1e6;
    const slewMs = Math.max(-limitMs, Math.min(limitMs, driftMs));
    this.clock.slew(slewMs);
    this.#lastOffsetMs -= slewMs;
  }
}
