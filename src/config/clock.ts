import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';

/**
 * The server's clock, on the wire the room clock: Unix time that never jumps. It reads the system time once, when it is
 * created, and then advances with the monotonic clock, so that a change of the system time affects neither playback nor
 * retries. One per process. Invariants: readings never decrease, and all readings with the same `id` are on one clock.
 * `SystemClockMonitor` corrects drift from the system time. Several nodes need one clock; everything that this takes
 * belongs in this class.
 */
@Injectable()
export class Clock {
  /** `clock_id` on the wire: a new one for each process, because each one reads the system time anew. */
  readonly id = randomUUID();
  /** A point of the clock, from which readings are computed: Unix time, and the monotonic clock, in milliseconds. */
  #unixMs: number;
  #monotonicMs: number;
  /** Seconds that the clock gains on the monotonic clock in each second. */
  #rate = 0;

  constructor() {
    this.#monotonicMs = performance.now();
    this.#unixMs = Date.now();
  }

  /** Unix time in seconds, with milliseconds as its fraction: for events and the database. */
  now(): number {
    return Math.round(this.#readMs(performance.now())) / 1000;
  }

  /**
   * Unix time in seconds, with microseconds as its fraction: for playback and `time_sync`.
   * @param monotonicMs a value of `performance.now()`; default: now
   */
  roomTime(monotonicMs = performance.now()): number {
    return Math.round(this.#readMs(monotonicMs) * 1000) / 1e6;
  }

  /** By how much the system time is ahead of this clock, in milliseconds. */
  get systemOffsetMs(): number {
    return Date.now() - this.#readMs(performance.now());
  }

  /**
   * Corrects the clock gradually: a step would make readings decrease, and clients that estimate the clock's rate would
   * see noise.
   * @param rate seconds per second that the clock gains from now on; between -1 and 1
   */
  setRate(rate: number): void {
    const monotonicMs = performance.now();
    this.#unixMs = this.#readMs(monotonicMs);
    this.#monotonicMs = monotonicMs;
    this.#rate = rate;
  }

  #readMs(monotonicMs: number): number {
    return this.#unixMs + (monotonicMs - this.#monotonicMs) * (1 + this.#rate);
  }
}
