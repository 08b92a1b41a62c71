import type { Store } from '@roomcast/client';
import { useCallback, useSyncExternalStore } from 'react';

/** The current value of a store of the client library; renders again when it changes. */
export function useStore<T>(store: Pick<Store<T>, 'subscribe' | 'current'>): T {
  return useSyncExternalStore(store.subscribe, () => store.current);
}

/**
 * A part of a store's value; renders again only when that part is another object or value.
 * @param select must return a part of the value, not a new object
 */
export function usePart<T, P>(store: Pick<Store<T>, 'subscribe' | 'current'>, select: (value: T) => P): P {
  return useSyncExternalStore(
    store.subscribe,
    useCallback(() => select(store.current), [store, select]),
  );
}
