import type { Store } from '../../src/store.js';

/** Resolves once a store's value fits; rejects after a while. */
export function until<T>(
  store: Store<T>,
  fits: (value: T) => boolean,
  what: string,
  ms = 10_000,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (!fits(store.current)) return;
      clearTimeout(timer);
      off();
      resolve(store.current);
    };
    const timer = setTimeout(() => {
      off();
      reject(new Error(`waited ${ms} ms for ${what}; it is ${JSON.stringify(store.current)}`));
    }, ms);
    const off = store.subscribe(look);
    look();
  });
}
