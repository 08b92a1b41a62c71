import { Injectable } from '@nestjs/common';

/**
 * The server's clock: Unix time that never jumps. It takes the system's time once, when it is created, and advances
 * with the monotonic clock from there, so that setting the system's time moves neither playback nor retries.
 * `SystemClockMonitor` keeps it close to the system's clock.
 */
@Injectable()
export class Clock {
  /** Unix time at the origin of `performance.now()`, in milliseconds. */
  #originMs = Date.now() - performance.now();

  /** Unix time in seconds, with milliseconds as its fraction. */
  now(): number {
    return Math.round(this.#originMs + performance.now()) / 1000;
  }

  /** How far the system's clock is ahead of this one, in milliseconds. */
  get systemOffsetMs(): number {
    return Date.now() - performance.now() - this.#originMs;
  }

  /** Moves the clock by a fraction of the time that has passed, so that it stays monotonic. */
  slew(milliseconds: number): void {
    this.#originMs += milliseconds;
  }
}
