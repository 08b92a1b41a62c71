/** How items are batched; `write` stores a batch and handles its own errors if they should not be logged. */
export interface BatchWriterOptions<T> {
  /** How long the first item of a batch waits for others. */
  delayMs: number;
  /** Whether every batch waits, which limits their number; otherwise only the first after a pause does. */
  delaysEachBatch?: boolean;
  maxBatchSize: number;
  /** Items beyond this are dropped, the oldest first. */
  maxQueued: number;
  write: (batch: readonly T[]) => Promise<void>;
  /** The batch was not written and is not tried again. */
  onError: (error: unknown, batch: readonly T[]) => void;
  onDropped: (count: number) => void;
}

/**
 * Collects items and writes them in batches, one batch at a time and in order. Owned by the service that adds them;
 * `flush` belongs in its stop step. Bounded by `maxQueued`.
 */
export class BatchWriter<T> {
  readonly #queue: T[] = [];
  /** The batch being written is at the front of the queue until it is written. */
  #writing: Promise<void> | undefined;
  #dropped = 0;
  #skipDelay: (() => void) | undefined;
  /** Calls of `flush` in progress: nothing is delayed meanwhile. */
  #flushes = 0;

  constructor(private readonly options: BatchWriterOptions<T>) {}

  /** The items that are not written yet, those being written included. */
  get queued(): readonly T[] {
    return this.#queue;
  }

  add(item: T): void {
    if (this.#queue.length >= this.options.maxQueued) {
      this.#queue.shift();
      this.#dropped += 1;
    }
    this.#queue.push(item);
    this.#writing ??= this.#write();
  }

  /** Writes what is queued without the delay. Resolves once nothing is queued. */
  async flush(): Promise<void> {
    this.#flushes += 1;
    this.#skipDelay?.();
    while (this.#writing) await this.#writing;
    this.#flushes -= 1;
  }

  async #write(): Promise<void> {
    const { delayMs, delaysEachBatch, maxBatchSize, write, onError, onDropped } = this.options;
    await this.#delay(delayMs);
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, maxBatchSize);
      try {
        await write(batch);
      } catch (error) {
        onError(error, batch);
      }
      this.#removeWritten(batch);
      if (delaysEachBatch && this.#queue.length > 0) await this.#delay(delayMs);
    }
    if (this.#dropped > 0) {
      onDropped(this.#dropped);
      this.#dropped = 0;
    }
    this.#writing = undefined;
  }

  /** Items that were dropped from the front during the write are part of the batch. */
  #removeWritten(batch: readonly T[]): void {
    const written = new Set(batch);
    let count = 0;
    while (count < this.#queue.length && written.has(this.#queue[count]!)) count += 1;
    this.#queue.splice(0, count);
  }

  async #delay(delayMs: number): Promise<void> {
    if (this.#flushes > 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#skipDelay = resolve;
      timer = setTimeout(resolve, delayMs);
    });
    clearTimeout(timer);
    this.#skipDelay = undefined;
  }
}
