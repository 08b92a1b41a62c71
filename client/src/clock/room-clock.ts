import type { Environment, Timer } from '../environment.js';
import type { TimeSyncAnswer } from '../wire.js';
import { ClockFilter } from './clock-filter.js';

/** Time on the room clock, on which `started_at` of the playback state lies. All values are seconds. */
export interface Clock {
  /** Unix time on the room clock. Before the first measurement it may be wrong by the delay of the network. */
  now(): number;
  /**
   * Standard deviation of `now()`; Infinity before the first measurement. A fixed difference between the two directions
   * of the path, which shifts the clock by half of it, is not contained: no measurement can see it.
   */
  readonly uncertainty: number;
  /** Room clock − `performance.now() / 1000`. */
  readonly offset: number;
  /** Median round trip of the last measurements; NaN before the first. */
  readonly roundTrip: number;
}

/** Sends a message and waits for its answer. */
export type Ask = (message: string, payload: object, timeoutMs: number) => Promise<unknown>;

/** Probes of one burst, sent without waiting for each other's answer. */
interface Burst {
  readonly probes: number;
  readonly everyMs: number;
}
const quick: Burst = { probes: 8, everyMs: 10 };
const thorough: Burst = { probes: 32, everyMs: 50 };
const regular: Burst = { probes: 8, everyMs: 50 };
const pauseMs = 5_000;
/**
 * The first pauses are shorter, each twice as long as the one before: a page is busiest when it opens a room, and what
 * it measures then may be off by milliseconds.
 */
const firstPauseMs = 1_000;

const probeTimeoutMs = 5_000;
/** Resolution of `server_time`, which is all that servers of version 1 answer. */
const serverTimeResolution = 0.001;

/**
 * Measures the room clock with round trips over the room's connection. Owned by the room, which tells it when there is
 * a connection. Measuring begins with the first use. It starts anew on another clock (`clock_id`), and after a sleep if
 * the local clock stood still meanwhile.
 */
export class RoomClock implements Clock {
  #filter = new ClockFilter();
  #id: string | undefined;
  /** Room clock − local clock according to the event that took the least time; at most the true difference. */
  #coarseOffset = -Infinity;
  #roundTrips: number[] = [];
  #isUsed = false;
  #isConnected = false;
  #isSuspect = false;
  #timer: Timer | undefined;
  #nextPauseMs = firstPauseMs;

  constructor(
    private readonly ask: Ask,
    private readonly environment: Environment,
  ) {}

  now(): number {
    const local = this.#local();
    if (this.#filter.count > 0) return local + this.#filter.offsetAt(local);
    return Number.isFinite(this.#coarseOffset)
      ? local + this.#coarseOffset
      : this.environment.wallClock() / 1000;
  }

  get uncertainty(): number {
    return this.#filter.deviationAt(this.#local());
  }

  get offset(): number {
    return this.now() - this.#local();
  }

  get roundTrip(): number {
    const sorted = [...this.#roundTrips].sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? NaN;
  }

  /** Whether the server answers with times on the room clock: it is of version 2. */
  get isPrecise(): boolean {
    return this.#id !== undefined;
  }

  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** Someone wants to know the time: measuring begins. */
  use(): void {
    if (this.#isUsed) return;
    this.#isUsed = true;
    if (this.#isConnected) this.#measure();
  }

  /** A connection began. @param clockId of the server that it leads to */
  connected(clockId: string | undefined): void {
    this.#identify(clockId);
    this.#isConnected = true;
    if (this.#isUsed) this.#measure();
  }

  disconnected(): void {
    this.#isConnected = false;
    this.environment.clearTimeout(this.#timer);
  }

  /** A copy of an event arrived that was sent at `serverTime`. */
  observe(serverTime: number): void {
    this.#coarseOffset = Math.max(this.#coarseOffset, serverTime - this.#local());
  }

  /** The device may have slept: the next measurement decides whether the local clock stood still. */
  suspect(): void {
    this.#isSuspect = true;
    if (this.#isConnected && this.#isUsed) this.#measure();
  }

  #measure(): void {
    this.environment.clearTimeout(this.#timer);
    const isKnown = this.#filter.count >= quick.probes + thorough.probes;
    if (!isKnown) this.#nextPauseMs = firstPauseMs;
    this.#send(isKnown ? [regular] : [quick, thorough]);
  }

  #send([burst, ...others]: readonly Burst[], sent = 0): void {
    if (!burst) {
      this.#timer = this.environment.setTimeout(() => this.#send([regular]), this.#nextPauseMs);
      this.#nextPauseMs = Math.min(2 * this.#nextPauseMs, pauseMs);
      return;
    }
    void this.#probe();
    const isLast = sent + 1 === burst.probes;
    this.#timer = this.environment.setTimeout(
      () => (isLast ? this.#send(others) : this.#send([burst, ...others], sent + 1)),
      burst.everyMs,
    );
  }

  async #probe(): Promise<void> {
    const sent = this.#local();
    let answer: Partial<TimeSyncAnswer> | undefined;
    try {
      answer = (await this.ask('time_sync', {}, probeTimeoutMs)) as Partial<TimeSyncAnswer> | undefined;
    } catch {
      return;
    }
    const returned = this.#local();
    if (typeof answer?.server_time !== 'number') return;
    this.#identify(answer.clock_id);
    const { server_received: from = answer.server_time, server_sent: to = answer.server_time } = answer;
    const roundTrip = Math.max(0, returned - sent - (to - from));
    const offset = (from - sent + to - returned) / 2;
    if (this.#isSuspect) this.#verify(returned, offset, roundTrip);
    this.#filter.add(returned, offset, roundTrip, this.isPrecise ? 0 : serverTimeResolution);
    this.#roundTrips = [...this.#roundTrips.slice(-(regular.probes - 1)), roundTrip];
  }

  /** After a sleep: forgets what was measured if the clock is not where it should be. */
  #verify(at: number, offset: number, roundTrip: number): void {
    this.#isSuspect = false;
    const tolerance = roundTrip / 2 + 3 * this.#filter.deviationAt(at);
    if (Math.abs(offset - this.#filter.offsetAt(at)) > tolerance) this.#restart();
  }

  #identify(id: string | undefined): void {
    if (id === this.#id) return;
    this.#id = id;
    this.#restart();
  }

  #restart(): void {
    this.#filter = new ClockFilter();
    this.#coarseOffset = -Infinity;
    this.#roundTrips = [];
    if (this.#isConnected && this.#isUsed) this.#measure();
  }

  #local(): number {
    return this.environment.now() / 1000;
  }
}
