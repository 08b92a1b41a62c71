import { reportUncaught } from './errors.js';

/**
 * A value that changes. `current` is immutable and stays the same object until it changes, so that a store fits React:
 * `useSyncExternalStore(store.subscribe, () => store.current)`.
 */
export interface Store<T> {
  readonly current: T;
  /** Calls the listener after each change. @returns a function that ends the subscription */
  readonly subscribe: (listener: () => void) => () => void;
}

/** The store behind a `Store`: its owner sets the value. A subscriber that throws does not affect the others. */
export class WritableStore<T> implements Store<T> {
  readonly #listeners = new Set<() => void>();
  #current: T;

  constructor(initial: T) {
    this.#current = initial;
  }

  get current(): T {
    return this.#current;
  }

  get hasSubscribers(): boolean {
    return this.#listeners.size > 0;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    // The same function may subscribe twice, and ends each subscription by itself.
    const own = () => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  };

  set(value: T): void {
    if (Object.is(value, this.#current)) return;
    this.#current = value;
    for (const listener of [...this.#listeners]) {
      try {
        listener();
      } catch (error) {
        reportUncaught(error);
      }
    }
  }
}

/** A store computed from another one. It subscribes to its source only while it has subscribers itself. */
export function derived<S, T>(source: Store<S>, compute: (value: S) => T): Store<T> {
  let from: { value: S } | undefined;
  let to!: T;
  const read = (): T => {
    if (!from || !Object.is(from.value, source.current)) {
      from = { value: source.current };
      to = compute(source.current);
    }
    return to;
  };
  return {
    get current() {
      return read();
    },
    subscribe(listener) {
      let last = read();
      return source.subscribe(() => {
        const next = read();
        if (Object.is(next, last)) return;
        last = next;
        listener();
      });
    },
  };
}
