/** What a node subscribes to: the events of one room, or of the lobby. */
export type BusTopic = `room:${string}` | 'lobby';

/**
 * Carries messages between nodes, as text. A lost message delays an event and never loses it, because nodes read what
 * they missed from the log; so messages may also arrive twice and in any order. `GuardedBus` encodes and checks
 * messages, and handles timeouts and failures of the calls; connecting, reconnecting, and subscribing again after a
 * reconnect are up to the implementation.
 */
export abstract class EventBus {
  /** Whether there can be other nodes. */
  abstract readonly shared: boolean;
  /** Resolves once the bus has accepted the message. May reject, hang, or take long. */
  abstract publish(topic: BusTopic, message: string): Promise<void>;
  /** Resolves once messages of other nodes on this topic arrive. May reject, hang, or take long. */
  abstract subscribe(topic: BusTopic): Promise<void>;
  /** Ends a subscription. Messages on their way may still arrive. */
  abstract unsubscribe(topic: BusTopic): Promise<void>;
  /** Sets the receiver of messages of other nodes. */
  abstract onMessage(receive: (message: string) => void): void;
  /** Ends the connection to the broker. Nothing is called afterwards. */
  abstract close(): Promise<void>;
}

/** The bus of a single node: carries nothing. */
export class LocalEventBus extends EventBus {
  readonly shared = false;

  publish(): Promise<void> {
    return Promise.resolve();
  }

  subscribe(): Promise<void> {
    return Promise.resolve();
  }

  unsubscribe(): Promise<void> {
    return Promise.resolve();
  }

  onMessage(): void {
    // There are no other nodes.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
