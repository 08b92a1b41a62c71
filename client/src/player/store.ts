/** A value that listeners follow; fits React's `useSyncExternalStore`. */
export interface PlayerStore<T> {
  readonly current: T;
  /** Calls the listener after each change; returns what ends that. */
  subscribe(listener: () => void): () => void;
}

/** A store whose owner sets the value. A value that is equal to the current one is no change. */
export class SettableStore<T> implements PlayerStore<T> {
  readonly #listeners = new Set<() => void>();

  constructor(
    private value: T,
    private readonly equal: (a: T, b: T) => boolean,
  ) {}

  get current(): T {
    return this.value;
  }

  /** @returns whether that was a change */
  set(value: T): boolean {
    if (this.equal(this.value, value)) return false;
    this.value = value;
    for (const listener of [...this.#listeners]) listener();
    return true;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
