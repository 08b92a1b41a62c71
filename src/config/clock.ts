import { Injectable } from '@nestjs/common';

/**
 * The server's clock: Unix time that never jumps. It reads the system time once, when it is created, and then advances
 * with the monotonic clock, so that a change of the system time affects neither playback nor retries.
 * `SystemClockMonitor` corrects drift from the system time.
 */
@Injectable()
export class Clock {
  /** Unix time at the origin of `performance.now()`, in milliseconds. */
  #originMs = Date.now() - performance.now();

  /** Unix time in seconds, with milliseconds as its fraction. */
  now(): number {
    return Math.round(this.#originMs + performance.now()) / 1000;
  }

  /** By how much the system time is ahead of this clock, in milliseconds. */
  get systemOffsetMs(): number {
    return Date.now() - performance.now() - this.#originMs;
  }

  /** Corrects the clock. The correction must be smaller than the time since the last one, to stay monotonic. */
  slew(correctionMs: number): void {
    this.#originMs += correctionMs;
  }
}
