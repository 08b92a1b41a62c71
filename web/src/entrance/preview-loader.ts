import { RoomcastError, type RoomPreview } from '@roomcast/client';
import { loadPreview, type RoomKey } from '../session/preview.js';
import { ValueStore } from '../stores/value-store.js';

export type PreviewState =
  | { readonly is: 'loading' }
  | { readonly is: 'loaded'; readonly preview: RoomPreview }
  /** The server cannot answer at the moment. `retryAt` is Unix time in milliseconds, `preview` what it said before. */
  | {
      readonly is: 'waiting';
      readonly error: unknown;
      readonly retryAt: number;
      readonly preview: RoomPreview | undefined;
    }
  /** Trying again cannot help. */
  | { readonly is: 'failed'; readonly error: Error };

/** The last that was told about the room. */
export const knownPreview = (state: PreviewState): RoomPreview | undefined =>
  state.is === 'loaded' || state.is === 'waiting' ? state.preview : undefined;

const refreshMs = 15_000;
const maxWaitMs = 30_000;

const finalCodes: ReadonlySet<string> = new Set([
  'room_not_found',
  'invite_not_found',
  'malformed',
  'invalid_field',
  'not_found',
  'not_a_participant',
  'banned',
  'unauthorized',
  'protocol',
  'aborted',
  'closed',
  'username_taken',
  'part_missing',
]);

/** Whether the same request may succeed later. */
export const isTransient = (error: unknown): boolean =>
  error instanceof RoomcastError && !finalCodes.has(error.code);

/** Milliseconds until the attempt after so many failures in a row. */
export function waitMsAfter(failures: number, error: unknown): number {
  const asked = error instanceof RoomcastError ? (error.retryAfter ?? 0) * 1000 : 0;
  return Math.max(asked, Math.min(maxWaitMs, 1000 * 2 ** Math.min(failures, 10)));
}

/**
 * What is known about a room before it is joined: loaded until the server answers, then kept up to date. Owned by the
 * page of the room, which starts and stops it.
 */
export class PreviewLoader extends ValueStore<PreviewState> {
  #abort: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(
    private readonly key: RoomKey,
    private readonly token: () => string | undefined,
  ) {
    super({ is: 'loading' });
  }

  readonly start = (): void => {
    addEventListener('online', this.retryNow);
    document.addEventListener('visibilitychange', this.#shown);
    void this.#load();
  };

  readonly stop = (): void => {
    removeEventListener('online', this.retryNow);
    document.removeEventListener('visibilitychange', this.#shown);
    this.#cancel();
  };

  readonly retryNow = (): void => {
    if (this.current.is === 'waiting') void this.#load();
  };

  /** Begins anew, for example for another user. */
  readonly reload = (): void => {
    this.set({ is: 'loading' });
    void this.#load();
  };

  /** The server has refused something else for the moment: waits, and loads the preview again. */
  wait(error: unknown): void {
    this.#cancel();
    this.#waitAfter(error);
  }

  /** Resolves when the preview is there. Rejects with the reason why it cannot be, or with the signal's. */
  loaded(signal: AbortSignal): Promise<RoomPreview> {
    return new Promise((resolve, reject) => {
      const settle = (): boolean => {
        const state = this.current;
        if (signal.aborted) reject(signal.reason as Error);
        else if (state.is === 'loaded') resolve(state.preview);
        else if (state.is === 'failed') reject(state.error);
        else return false;
        return true;
      };
      if (settle()) return;
      const check = () => {
        if (!settle()) return;
        stop();
        signal.removeEventListener('abort', check);
      };
      const stop = this.subscribe(check);
      signal.addEventListener('abort', check);
    });
  }

  #cancel(): void {
    this.#abort?.abort();
    clearTimeout(this.#timer);
  }

  async #load(): Promise<void> {
    this.#cancel();
    const { signal } = (this.#abort = new AbortController());
    try {
      const preview = await loadPreview(this.key, this.token());
      if (signal.aborted) return;
      this.#failures = 0;
      this.set({ is: 'loaded', preview });
      this.#timer = setTimeout(() => void this.#refresh(), refreshMs);
    } catch (error) {
      if (signal.aborted) return;
      if (isTransient(error)) this.#waitAfter(error);
      else this.set({ is: 'failed', error: error as Error });
    }
  }

  async #refresh(): Promise<void> {
    if (!document.hidden) await this.#load();
    else this.#timer = setTimeout(() => void this.#refresh(), refreshMs);
  }

  #waitAfter(error: unknown): void {
    const waitMs = waitMsAfter(this.#failures, error);
    this.#failures += 1;
    const preview = knownPreview(this.current);
    this.set({ is: 'waiting', error, retryAt: Date.now() + waitMs, preview });
    this.#timer = setTimeout(() => void this.#load(), waitMs);
  }

  readonly #shown = (): void => {
    if (!document.hidden) this.retryNow();
  };
}
