/** Small, fast, and the same everywhere: mulberry32. Seed 0 always picks the first, which is what shrinks best. */
export class Random {
  #state: number;

  constructor(private readonly seed: number) {
    this.#state = seed;
  }

  /** An integer from 0 to below `n`. */
  below(n: number): number {
    if (this.seed === 0 || n <= 1) return 0;
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  }
}

type Task = () => void | Promise<void>;

/** Steps that run in order, such as the packets of one TCP connection. */
export class Lane {
  readonly tasks: Task[] = [];
  /** Its steps are paused. */
  held = false;

  constructor(private readonly scheduler: Scheduler) {}

  push(task: Task): void {
    if (this.tasks.push(task) === 1) this.scheduler.busy.add(this);
  }

  clear(): void {
    this.tasks.length = 0;
    this.scheduler.busy.delete(this);
  }
}

/** All pending steps, run one at a time in an order that the seed decides. */
export class Scheduler {
  readonly busy = new Set<Lane>();

  constructor(private readonly random: Random) {}

  lane(): Lane {
    return new Lane(this);
  }

  get idle(): boolean {
    for (const lane of this.busy) if (!lane.held) return false;
    return true;
  }

  /** @returns how many steps ran: fewer than `most` if none was left */
  async run(most: number): Promise<number> {
    await settled();
    for (let done = 0; done < most; done += 1) {
      const ready: Lane[] = [];
      for (const lane of this.busy) if (!lane.held) ready.push(lane);
      const lane = ready[this.random.below(ready.length)];
      if (!lane) return done;
      const task = lane.tasks.shift()!;
      if (lane.tasks.length === 0) this.busy.delete(lane);
      await task();
      await settled();
    }
    return most;
  }
}

/** Resolves after everything that waits only for promises has continued. */
const settled = () => new Promise((resolve) => setImmediate(resolve));
