import { type BusTopic, EventBus } from '../../src/events/bus/event-bus.js';

/** How the bus treats messages. `hanging`: `publish` never settles. */
export type Fault = 'none' | 'failing' | 'hanging' | 'losing' | 'twice' | 'reversed';

/** So many messages are delivered in reverse order. */
const batch = 4;

/** Connects nodes in one process like a broker, and can be set to fail in the ways that a broker may. */
export class Hub {
  fault: Fault = 'none';
  readonly #buses: FaultyBus[] = [];

  bus(): EventBus {
    const bus = new FaultyBus(this);
    this.#buses.push(bus);
    return bus;
  }

  /** A message from elsewhere to every node. */
  inject(topic: BusTopic, message: string): void {
    for (const bus of this.#buses) bus.arrive(topic, message);
  }

  carry(from: FaultyBus, topic: BusTopic, message: string): void {
    for (const bus of this.#buses) if (bus !== from) bus.arrive(topic, message);
  }
}

class FaultyBus extends EventBus {
  readonly shared = true;
  readonly #topics = new Set<BusTopic>();
  readonly #held: [BusTopic, string][] = [];
  #receive: (message: string) => void = () => undefined;

  constructor(private readonly hub: Hub) {
    super();
  }

  onMessage(receive: (message: string) => void): void {
    this.#receive = receive;
  }

  subscribe(topic: BusTopic): Promise<void> {
    this.#topics.add(topic);
    return Promise.resolve();
  }

  unsubscribe(topic: BusTopic): Promise<void> {
    this.#topics.delete(topic);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#topics.clear();
    return Promise.resolve();
  }

  arrive(topic: BusTopic, message: string): void {
    // Like a network: in another turn of the event loop.
    setImmediate(() => {
      if (this.#topics.has(topic)) this.#receive(message);
    });
  }

  publish(topic: BusTopic, message: string): Promise<void> {
    switch (this.hub.fault) {
      case 'failing':
        return Promise.reject(new Error('the broker is gone'));
      case 'hanging':
        return new Promise(() => undefined);
      case 'losing':
        return Promise.resolve();
      case 'reversed':
        this.#held.push([topic, message]);
        if (this.#held.length === batch) {
          for (const held of this.#held.splice(0).reverse()) this.hub.carry(this, ...held);
        }
        return Promise.resolve();
      case 'twice':
        this.hub.carry(this, topic, message);
        this.hub.carry(this, topic, message);
        return Promise.resolve();
      case 'none':
        this.hub.carry(this, topic, message);
        return Promise.resolve();
    }
  }
}
