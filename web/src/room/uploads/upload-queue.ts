import { type Room, RoomcastError, type Upload } from '@roomcast/client';
import { ValueStore } from '../../stores/value-store.js';

export type UploadState =
  | { readonly is: 'waiting' }
  | { readonly is: 'sending'; readonly upload: Upload }
  | { readonly is: 'done' }
  | { readonly is: 'failed'; readonly error: unknown };

export interface UploadEntry {
  readonly id: number;
  readonly file: File;
  readonly state: UploadState;
}

const maxAtOnce = 3;
/** A file that is refused for the rate alone is sent again so often. */
const maxRateRetries = 10;
const maxPauseMs = 60_000;

/**
 * The files that the user adds to the room: a few are sent at a time, the others wait. A refused file stays in the list
 * with the reason, and can be sent again. When the server asks to slow down, all wait.
 */
export class UploadQueue extends ValueStore<readonly UploadEntry[]> {
  #lastId = 0;
  #pausedUntilMs = 0;
  readonly #rateRetries = new Map<number, number>();

  constructor(private readonly room: Room) {
    super([]);
  }

  add(files: Iterable<File>): void {
    const entries = [...files].map((file): UploadEntry => {
      this.#lastId += 1;
      return { id: this.#lastId, file, state: { is: 'waiting' } };
    });
    if (entries.length === 0) return;
    // A new round forgets what the one before has finished.
    const before = this.isBusy ? this.current : this.current.filter(({ state }) => state.is === 'failed');
    this.set([...before, ...entries]);
    this.#next();
  }

  get isBusy(): boolean {
    return this.current.some(({ state }) => state.is === 'waiting' || state.is === 'sending');
  }

  cancel(id: number): void {
    const entry = this.current.find((each) => each.id === id);
    if (entry?.state.is === 'sending') entry.state.upload.cancel();
    this.set(this.current.filter((each) => each.id !== id));
    this.#next();
  }

  retry(id: number): void {
    this.#change(id, { is: 'waiting' });
    this.#next();
  }

  /** Forgets what is done and what was refused. */
  clear(): void {
    this.set(this.current.filter(({ state }) => state.is === 'waiting' || state.is === 'sending'));
  }

  #next(): void {
    const pauseMs = this.#pausedUntilMs - Date.now();
    if (pauseMs > 0) {
      setTimeout(() => this.#next(), pauseMs);
      return;
    }
    let free = maxAtOnce - this.current.filter(({ state }) => state.is === 'sending').length;
    for (const { id, file, state } of this.current) {
      if (free <= 0) return;
      if (state.is !== 'waiting') continue;
      free -= 1;
      void this.#send(id, file);
    }
  }

  async #send(id: number, file: File): Promise<void> {
    const upload = this.room.upload(file);
    this.#change(id, { is: 'sending', upload });
    try {
      await upload.done;
      this.#change(id, { is: 'done' });
    } catch (error) {
      this.#failed(id, error);
    }
    this.#next();
  }

  #failed(id: number, error: unknown): void {
    const retries = this.#rateRetries.get(id) ?? 0;
    const isRate = error instanceof RoomcastError && error.code === 'rate_limited';
    if (isRate && error.retryAfter !== undefined && retries < maxRateRetries) {
      this.#rateRetries.set(id, retries + 1);
      this.#pausedUntilMs = Date.now() + Math.min(maxPauseMs, error.retryAfter * 1000);
      this.#change(id, { is: 'waiting' });
    } else {
      this.#change(id, { is: 'failed', error });
    }
  }

  #change(id: number, state: UploadState): void {
    if (!this.current.some((each) => each.id === id)) return;
    this.set(this.current.map((each) => (each.id === id ? { ...each, state } : each)));
  }
}
