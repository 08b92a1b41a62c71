import type { Outgoing } from '../../src/events/room-change.js';
import type { SimulatedNode } from './simulated-node.js';
import type { World } from './world.js';

/** Delivers every message; loses, duplicates and delays some; or delivers none. */
export const busModes = ['well', 'unreliable', 'down'] as const;
export type BusMode = (typeof busModes)[number];

/** Carries messages between nodes, each as a step of its own, so that their order changes. */
export class SimulatedBus {
  mode: BusMode = 'well';

  constructor(private readonly world: World) {}

  publish(from: SimulatedNode, message: Outgoing): void {
    if (this.mode === 'down') return;
    const text = JSON.stringify(message);
    for (const node of this.world.nodes) {
      if (node === from) continue;
      for (let copies = this.#copies(message); copies > 0; copies -= 1) {
        this.world.scheduler.lane().push(() => node.arrives(JSON.parse(text) as Outgoing));
      }
    }
  }

  #copies({ event }: Outgoing): number {
    if (this.mode === 'well') return 1;
    // An unlogged event has no sequence by which a duplicate could be recognised, so it is not duplicated.
    return this.world.random.below(event.metadata.sequence === undefined ? 2 : 3);
  }
}
