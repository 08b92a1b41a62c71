/** The part of `Storage` that is used. */
export type OffsetStorage = Pick<Storage, 'getItem' | 'setItem'>;

const maxOffset = 2;
const key = (device: string) => `roomcast.offset.${device}`;

/** The page's local storage; undefined where there is none or the browser denies it. */
export function pageStorage(): OffsetStorage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}

/** Seconds that were stored for an output device; undefined if there are none. */
export function readOffset(storage: OffsetStorage | undefined, device: string): number | undefined {
  try {
    const stored = storage?.getItem(key(device));
    const offset = Number.parseFloat(stored ?? '');
    return Math.abs(offset) <= maxOffset ? offset : undefined;
  } catch {
    return undefined;
  }
}

/** Stores the offset of an output device; without effect where the browser denies it. */
export function storeOffset(storage: OffsetStorage | undefined, device: string, offset: number): void {
  try {
    storage?.setItem(key(device), String(offset));
  } catch {
    // The storage is full or denied: the offset holds until the page is left.
  }
}

/** An offset within the allowed ± 2 s. */
export const clampOffset = (offset: number): number =>
  Number.isFinite(offset) ? Math.max(-maxOffset, Math.min(maxOffset, offset)) : 0;
