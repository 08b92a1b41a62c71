import type { Outgoing } from '../room-change.js';

/**
 * Carries committed events to the other nodes. Losing a message, or the whole bus, costs time and never an
 * event: nodes find what they missed in the log. An implementation only carries: time limits, and what happens
 * when it fails, are the guard's.
 */
export abstract class EventBus {
  /** Whether there are other nodes at all. */
  abstract readonly shared: boolean;
  /** Resolves once the bus has taken it; may fail, hang, or be late. */
  abstract publish(message: Outgoing): Promise<void>;
  /** Calls back for each message of other nodes, in any order, perhaps more than once. */
  abstract onMessage(receive: (message: Outgoing) => void): void;
}

/** The bus of a single node: there is nobody else to tell. */
export class LocalEventBus extends EventBus {
  readonly shared = false;

  publish(): Promise<void> {
    return Promise.resolve();
  }

  onMessage(): void {
    // Nothing ever comes from elsewhere.
  }
}
