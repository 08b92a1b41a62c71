import type { FakeEnvironment } from './fake-environment.js';

/** What happens to one message besides its delay. */
export type Mishap = 'none' | 'lost' | 'doubled' | 'late';

/**
 * One direction of a connection: messages arrive in order, each after a random delay. While it is stalled nothing
 * arrives; once it is cut, nothing arrives any more. On long polling a message may be lost, arrive twice, or after later ones.
 */
export class Direction {
  #lastArrival = 0;
  #held: (() => void)[] | undefined;
  #isCut = false;

  constructor(
    private readonly environment: FakeEnvironment,
    private readonly maxDelayMs: number,
  ) {}

  send(deliver: () => void, mishap: Mishap = 'none'): void {
    if (this.#isCut || mishap === 'lost') return;
    if (mishap === 'late') {
      this.environment.setTimeout(() => this.#arrive(deliver), 2 * this.maxDelayMs);
      return;
    }
    const arrival = Math.max(
      this.#lastArrival,
      this.environment.now() + this.environment.random() * this.maxDelayMs,
    );
    this.#lastArrival = arrival;
    this.environment.setTimeout(() => this.#arrive(deliver), arrival - this.environment.now());
    if (mishap === 'doubled') this.send(deliver);
  }

  stall(): void {
    this.#held ??= [];
  }

  flow(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const deliver of held) this.#arrive(deliver);
  }

  cut(): void {
    this.#isCut = true;
    this.#held = undefined;
  }

  #arrive(deliver: () => void): void {
    if (this.#isCut) return;
    if (this.#held) this.#held.push(deliver);
    else deliver();
  }
}
