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
import { Lifecycle } from '../../lifecycle/lifecycle.js';
import { Statistics } from '../../metrics/statistics.js';
import type { Outgoing } from '../room-change.js';
import { decodeBusMessage, encodeBusMessage, topicOf } from './bus-message.js';
import { type BusTopic, EventBus } from './event-bus.js';

/** For each call of the bus. */
const callTimeoutMs = 1000;
const failuresBeforeOpen = 5;
/** An open circuit breaker tries one message after this time. */
const halfOpenAfterMs = 2000;
/** Messages that are being published at the same time; further ones are skipped. */
const maxConcurrent = 1000;

/**
 * Encodes, checks and guards what goes over the bus. Publishing has a timeout, a concurrency limit and a circuit
 * breaker, and subscribing a timeout, so that no call blocks or throws. What arrives malformed, or from a node of another
 * version, is counted and ignored.
 */
@Injectable()
export class GuardedBus {
  readonly #breaker = circuitBreaker(handleAll, {
    halfOpenAfter: halfOpenAfterMs,
    breaker: new ConsecutiveBreaker(failuresBeforeOpen),
  });
  readonly #timeout = timeout(callTimeoutMs, TimeoutStrategy.Aggressive);
  readonly #policy = wrap(bulkhead(maxConcurrent), this.#breaker, this.#timeout);

  constructor(
    private readonly bus: EventBus,
    private readonly statistics: Statistics,
    @InjectPinoLogger(GuardedBus.name) private readonly log: PinoLogger,
    lifecycle: Lifecycle,
  ) {
    lifecycle.onStop('resources', 'the bus', () => this.#withTimeout(() => bus.close()));
  }

  get shared(): boolean {
    return this.bus.shared;
  }

  /** Publishes in the background. */
  publish(message: Outgoing): void {
    if (!this.bus.shared) return;
    this.#policy
      .execute(() => this.bus.publish(topicOf(message), encodeBusMessage(message)))
      .then(
        () => this.statistics.countNode('bus_published'),
        (err: unknown) => this.#failed(err),
      );
  }

  /**
   * Resolves once events of the topic arrive from other nodes; also if subscribing failed or took too long: then they
   * are read from the log.
   */
  async subscribe(topic: BusTopic): Promise<void> {
    if (!this.bus.shared) return;
    await this.#withTimeout(() => this.bus.subscribe(topic)).catch((err: unknown) => {
      this.statistics.countNode('bus_failed');
      this.log.warn({ err, topic }, 'the bus could not be subscribed to; events are read from the log');
    });
  }

  /** Unsubscribes in the background. */
  unsubscribe(topic: BusTopic): void {
    if (!this.bus.shared) return;
    this.#withTimeout(() => this.bus.unsubscribe(topic)).catch((err: unknown) => {
      this.statistics.countNode('bus_failed');
      this.log.warn({ err, topic }, 'a subscription of the bus could not be ended');
    });
  }

  onMessage(receive: (message: Outgoing) => void): void {
    this.bus.onMessage((text) => {
      let message: Outgoing;
      try {
        message = decodeBusMessage(text);
      } catch (err) {
        this.statistics.countNode('bus_rejected');
        this.log.warn({ err }, 'a message of the bus was ignored');
        return;
      }
      receive(message);
    });
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

  #withTimeout(call: () => Promise<void>): Promise<void> {
    return this.#timeout.execute(call);
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
