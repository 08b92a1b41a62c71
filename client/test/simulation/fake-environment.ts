import type { Environment, Timer, WakeReason } from '../../src/environment.js';

interface Task {
  at: number;
  order: number;
  run: () => void;
}

/** A seeded generator of numbers from 0 to 1 (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Lets all promises that are resolved already continue. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Time, timers and chance of a simulation. Nothing happens but in `advance`. */
export class FakeEnvironment implements Environment {
  readonly #tasks = new Map<number, Task>();
  readonly #wakers = new Set<(reason: WakeReason) => void>();
  #nowMs = 0;
  #order = 0;

  constructor(readonly random: () => number) {}

  now(): number {
    return this.#nowMs;
  }

  wallClock(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  setTimeout(run: () => void, ms: number): Timer {
    const order = (this.#order += 1);
    this.#tasks.set(order, { at: this.#nowMs + Math.max(0, ms), order, run });
    return order as unknown as Timer;
  }

  clearTimeout(timer: Timer | undefined): void {
    this.#tasks.delete(timer as unknown as number);
  }

  onWake(listener: (reason: WakeReason) => void): () => void {
    this.#wakers.add(listener);
    return () => this.#wakers.delete(listener);
  }

  wake(reason: WakeReason): void {
    for (const waker of [...this.#wakers]) waker(reason);
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#tasks.size;
  }

  get wakers(): number {
    return this.#wakers.size;
  }

  /** Runs what is due within a time, in order, and what that leads to. */
  async advance(ms: number): Promise<void> {
    const end = this.#nowMs + ms;
    await settle();
    for (;;) {
      const task = this.#next();
      if (!task || task.at > end) break;
      this.#tasks.delete(task.order);
      this.#nowMs = Math.max(this.#nowMs, task.at);
      task.run();
      await settle();
    }
    this.#nowMs = end;
  }

  /** Time passes, and no timer runs until the next `advance`. */
  sleep(ms: number): void {
    this.#nowMs += ms;
  }

  #next(): Task | undefined {
    let next: Task | undefined;
    for (const task of this.#tasks.values()) {
      if (!next || task.at < next.at || (task.at === next.at && task.order < next.order)) next = task;
    }
    return next;
  }
}
