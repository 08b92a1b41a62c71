/** Why a waiting connection should try at once, or a live one be checked. */
export type WakeReason = 'online' | 'visible';

/**
 * What the library uses of the machine it runs on: clocks, timers, chance, and the browser's signals. Tests replace it,
 * so nothing else in the library reads a clock or starts a timer.
 */
export interface Environment {
  /** Monotonic milliseconds; the origin means nothing. */
  now(): number;
  /** Unix time in milliseconds; may jump. */
  wallClock(): number;
  /** At least 0 and below 1. */
  random(): number;
  setTimeout(callback: () => void, ms: number): Timer;
  clearTimeout(timer: Timer | undefined): void;
  /** Calls the listener when the network returns or the page becomes visible. @returns what ends that */
  onWake(listener: (reason: WakeReason) => void): () => void;
}

export type Timer = ReturnType<typeof globalThis.setTimeout>;

/** The browser or Node. */
export const systemEnvironment: Environment = {
  now: () => performance.now(),
  wallClock: () => Date.now(),
  random: () => Math.random(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer),
  onWake(listener) {
    // Node has neither.
    if (typeof window === 'undefined' || typeof document === 'undefined') return () => undefined;
    const online = () => listener('online');
    const visible = () => {
      if (document.visibilityState === 'visible') listener('visible');
    };
    window.addEventListener('online', online);
    document.addEventListener('visibilitychange', visible);
    return () => {
      window.removeEventListener('online', online);
      document.removeEventListener('visibilitychange', visible);
    };
  },
};

/** Resolves after a time; rejects with the signal's reason as soon as that is aborted. */
export function sleep(environment: Environment, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const abort = () => {
      environment.clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    const timer = environment.setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
