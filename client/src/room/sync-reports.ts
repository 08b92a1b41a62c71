import type { SyncStatus } from '../contract.js';
import type { RoomClock } from '../clock/room-clock.js';
import type { Environment, Timer } from '../environment.js';

/** What a player tells the room about itself. Durations are seconds. */
export interface PlayerReport {
  readonly status: SyncStatus;
  /** By how much this listener is ahead of the room. */
  readonly drift: number;
  /** Audio that is there ahead of what is heard. */
  readonly buffered: number;
  readonly uncertainty?: number;
  readonly output_latency?: number;
  /** The offset that the user has set for this device. */
  readonly offset?: number;
  readonly muted?: boolean;
}

const everyMs = 5_000;
const minPauseMs = 1_000;
const timeoutMs = 5_000;

/** Without a player: nothing is heard here. */
const silent: PlayerReport = { status: 'silent', drift: 0, buffered: 0 };

/**
 * Reports how well this client keeps time (`sync_report`): every 5 s while there is a connection and the clock is used,
 * and soon after the player's status has changed. Owned by the room.
 */
export class SyncReports {
  #report = silent;
  #timer: Timer | undefined;
  #sentAt = -Infinity;
  #isConnected = false;

  constructor(
    private readonly clock: RoomClock,
    private readonly ask: (message: string, payload: object, timeoutMs: number) => Promise<unknown>,
    private readonly environment: Environment,
  ) {}

  /** The newest report of the player. */
  update(report: PlayerReport): void {
    const { status, muted } = this.#report;
    this.#report = report;
    if (!this.#isConnected || (report.status === status && report.muted === muted)) return;
    this.#schedule(Math.max(0, this.#sentAt + minPauseMs - this.environment.now()));
  }

  connected(): void {
    this.#isConnected = true;
    this.#schedule(minPauseMs);
  }

  disconnected(): void {
    this.#isConnected = false;
    this.environment.clearTimeout(this.#timer);
  }

  #schedule(ms: number): void {
    this.environment.clearTimeout(this.#timer);
    this.#timer = this.environment.setTimeout(() => {
      this.#send();
      this.#schedule(everyMs);
    }, ms);
  }

  #send(): void {
    const { uncertainty, roundTrip } = this.clock;
    if (!this.clock.isUsed || !Number.isFinite(uncertainty)) return;
    this.#sentAt = this.environment.now();
    const report = { round_trip: roundTrip, uncertainty, ...this.#report };
    // Lost reports do not matter: there is a next one.
    this.ask('sync_report', report, timeoutMs).catch(() => undefined);
  }
}
