import type { Environment, Timer } from '../environment.js';

const tickMs = 5_000;
/** A tick that is this late was held up by a sleep, or by a page that was frozen. */
const sleepMs = 15_000;

/**
 * Notices that the device slept or the page was frozen: a timer is much later than it should be, by one of two clocks,
 * because on some systems the monotonic clock stops meanwhile. May be wrong where the system's time is set; what it
 * leads to must do no harm then.
 */
export class SleepDetector {
  #timer: Timer | undefined;
  #monotonicMs = 0;
  #wallMs = 0;

  constructor(
    private readonly environment: Environment,
    private readonly onWake: () => void,
  ) {
    this.#tick();
  }

  /** Looks at the clocks now, instead of at the next tick. */
  check(): void {
    const elapsedMs = Math.max(
      this.environment.now() - this.#monotonicMs,
      this.environment.wallClock() - this.#wallMs,
    );
    this.#remember();
    if (elapsedMs >= sleepMs) this.onWake();
  }

  stop(): void {
    this.environment.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    this.#remember();
    this.#timer = this.environment.setTimeout(() => {
      this.check();
      // `onWake` may have stopped it.
      if (this.#timer !== undefined) this.#tick();
    }, tickMs);
  }

  #remember(): void {
    this.#monotonicMs = this.environment.now();
    this.#wallMs = this.environment.wallClock();
  }
}
