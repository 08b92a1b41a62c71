import { RoomcastError } from '@roomcast/client';
import { useEffect, useState } from 'react';

export interface Polled<T> {
  /** The newest answer; it stays while later requests fail. */
  readonly value: T | undefined;
  /** Why the last request failed; undefined if it did not. */
  readonly error: unknown;
}

/**
 * Loads something again and again for as long as the component is there and the page is visible.
 * @param load must be the same function until something else is to be loaded; undefined: nothing is loaded
 */
export function usePolled<T>(load: (() => Promise<T>) | undefined, intervalMs: number): Polled<T> {
  const [answer, setAnswer] = useState<Polled<T> & { of?: unknown }>({ value: undefined, error: undefined });
  useEffect(() => {
    if (!load) return;
    let isWanted = true;
    let isLoading = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const step = async () => {
      if (isLoading || document.hidden) return;
      isLoading = true;
      clearTimeout(timer);
      let waitMs = intervalMs;
      try {
        const value = await load();
        if (isWanted) setAnswer({ of: load, value, error: undefined });
      } catch (error) {
        if (error instanceof RoomcastError) waitMs = Math.max(waitMs, (error.retryAfter ?? 0) * 1000);
        if (isWanted) {
          setAnswer((last) => ({ of: load, value: last.of === load ? last.value : undefined, error }));
        }
      }
      isLoading = false;
      if (isWanted) timer = setTimeout(() => void step(), waitMs);
    };
    const whenVisible = () => void step();
    void step();
    document.addEventListener('visibilitychange', whenVisible);
    return () => {
      isWanted = false;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', whenVisible);
    };
  }, [load, intervalMs]);
  return answer.of === load ? answer : { value: undefined, error: undefined };
}
