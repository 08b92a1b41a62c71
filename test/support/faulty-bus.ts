import { EventBus } from '../../src/events/bus/event-bus.js';
import type { Outgoing } from '../../src/events/room-change.js';

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

  carry(from: FaultyBus, message: Outgoing): void {
    for (const bus of this.#buses) if (bus !== from) bus.arrive(message);
  }
}

class FaultyBus extends EventBus {
  readonly shared = true;
  readonly #held: Outgoing[] = [];
  #receive: (message: Outgoing) => void = () => undefined;

  constructor(private readonly hub: Hub) {
    super();
  }

  onMessage(receive: (message: Outgoing) => void): void {
    this.#receive = receive;
  }

  arrive(message: Outgoing): void {
    // Like a network: a copy, in another turn of the event loop.
    const copy = JSON.parse(JSON.stringify(message)) as Outgoing;
    setImmediate(() => this.#receive(copy));
  }

  publish(message: Outgoing): Promise<void> {
    switch (this.hub.fault) {
      case 'failing':
        return Promise.reject(new Error('the broker is gone'));
      case 'hanging':
        return new Promise(() => undefined);
      case 'losing':
        return Promise.resolve();
      case 'reversed':
        this.#held.push(message);
        if (this.#held.length === batch) {
          for (const held of this.#held.splice(0).reverse()) this.hub.carry(this, held);
        }
        return Promise.resolve();
      case 'twice':
        this.hub.carry(this, message);
        this.hub.carry(this, message);
        return Promise.resolve();
      case 'none':
        this.hub.carry(this, message);
        return Promise.resolve();
    }
  }
}
