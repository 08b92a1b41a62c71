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

/** For one message. */
const publishTimeoutMs = 1000;
const failuresBeforeOpen = 5;
/** An open circuit breaker tries one message after this time. */
const halfOpenAfterMs = 2000;
/** Messages that are being published at the same time; further ones are skipped. */
const maxConcurrent = 1000;

/**
 * Wraps the bus's `publish` in a timeout, a concurrency limit and a circuit breaker, so that it never blocks or throws.
 * Nothing else of the bus is guarded.
 */
@Injectable()
export class GuardedBus {
  readonly #breaker = circuitBreaker(handleAll, {
    halfOpenAfter: halfOpenAfterMs,
    breaker: new ConsecutiveBreaker(failuresBeforeOpen),
  });
  readonly #policy = wrap(
    bulkhead(maxConcurrent),
    this.#breaker,
    timeout(publishTimeoutMs, TimeoutStrategy.Aggressive),
  );

  constructor(
    private readonly bus: EventBus,
    private readonly statistics: Statistics,
    @InjectPinoLogger(GuardedBus.name) private readonly log: PinoLogger,
  ) {}

  get shared(): boolean {
    return this.bus.shared;
  }

  /** Publishes in the background. */
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

  /** Calls back when the circuit breaker opens, and when it closes again. */
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
    this.log.warn({ err }, 'an event could not be published on the bus');
  }
}
