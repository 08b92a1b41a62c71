import type { Outgoing } from '../room-change.js';

/**
 * Carries committed events to the other nodes. A lost message delays an event and never loses it, because nodes read
 * what they missed from the log. `GuardedBus` handles timeouts and failures of `publish`; connecting, reconnecting,
 * decoding messages and closing are up to the implementation.
 */
export abstract class EventBus {
  /** Whether there can be other nodes. */
  abstract readonly shared: boolean;
  /** Resolves once the bus has accepted the message. May reject, hang, or take long. */
  abstract publish(message: Outgoing): Promise<void>;
  /** Calls back for each message of other nodes, in any order, possibly more than once. */
  abstract onMessage(receive: (message: Outgoing) => void): void;
}

/** The bus of a single node: publishes nothing and receives nothing. */
export class LocalEventBus extends EventBus {
  readonly shared = false;

  publish(): Promise<void> {
    return Promise.resolve();
  }

  onMessage(): void {
    // There are no other nodes.
  }
}
