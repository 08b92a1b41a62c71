import { Injectable } from '@nestjs/common';
import {
  bulkhead,
  BulkheadRejectedError,
  circuitBreaker,
  ConsecutiveBreaker,
  handleAll,
  isBrokenCircuitError,
  timeout,
  TimeoutStrategy,
  wrap,
} from 'cockatiel';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { EventBus } from './event-bus.js';
import type { Outgoing } from '../room-change.js';
import { Statistics } from '../../metrics/statistics.js';

/** How long the bus may take with one message, in milliseconds. */
const patience = 1000;
const failuresBeforeOpen = 5;
/** After so many milliseconds one message is tried again; the others are still left out. */
const probeAfter = 2000;
const underWayAtMost = 1000;

/**
 * The bus, held at arm's length: nothing here is waited for, a message that takes too long counts as failed, and
 * after some failures in a row the bus is left alone but for a probe now and then.
 */
@Injectable()
export class GuardedBus {
  readonly #breaker = circuitBreaker(handleAll, {
    halfOpenAfter: probeAfter,
    breaker: new ConsecutiveBreaker(failuresBeforeOpen),
  });
  readonly #policy = wrap(
    bulkhead(underWayAtMost),
    this.#breaker,
    timeout(patience, TimeoutStrategy.Aggressive),
  );

  constructor(
    private readonly bus: EventBus,
    private readonly statistics: Statistics,
    @InjectPinoLogger(GuardedBus.name) private readonly log: PinoLogger,
  ) {}

  get shared(): boolean {
    return this.bus.shared;
  }

  /** Offers a message to the other nodes. Returns at once and never fails. */
  publish(message: Outgoing): void {
    if (!this.bus.shared) return;
    this.#policy
      .execute(() => this.bus.publish(message))
      .then(
        () => this.statistics.countNode('bus_published'),
        (err: unknown) => this.#failed(err),
      );
  }

  onMessage(receive: (message: Outgoing) => void): void {
    this.bus.onMessage(receive);
  }

  /** Calls back when the bus is given up, and when it works again. */
  onHealth(tell: (healthy: boolean) => void): void {
    let broken = false;
    this.#breaker.onBreak(() => {
      if (!broken) tell(false);
      broken = true;
    });
    this.#breaker.onReset(() => {
      if (broken) tell(true);
      broken = false;
    });
  }

  #failed(err: unknown): void {
    if (isBrokenCircuitError(err) || err instanceof BulkheadRejectedError) {
      this.statistics.countNode('bus_skipped');
      return;
    }
    this.statistics.countNode('bus_failed');
    this.log.warn({ err }, 'the bus did not take an event');
  }
}
