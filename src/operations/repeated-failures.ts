import { type StorageFailure, storageFailureOf } from '../errors/storage-failure.js';

const periodMs = 60_000;
/** Messages are constants of the code; this is for one that is not. */
const keysLimit = 200;

type Write = (...args: unknown[]) => void;

/**
 * Keeps the log readable, and small, while the disk is full or the database does not answer: of log lines with the
 * same text about the same failure of the storage the first is written, and then once a minute how many there were.
 */
export class RepeatedFailures {
  /** How often each was left out since it was last written. */
  readonly #leftOut = new Map<string, number>();

  /** @param args what a logger's method was called with */
  log(args: readonly unknown[], write: Write): void {
    const [fields, message] = args as [unknown, unknown];
    const failure = storageFailureOf((fields as { err?: unknown } | null | undefined)?.err);
    if (failure === undefined || typeof message !== 'string') {
      write(...args);
      return;
    }
    const key = `${failure} ${message}`;
    const leftOut = this.#leftOut.get(key);
    if (leftOut !== undefined) {
      this.#leftOut.set(key, leftOut + 1);
      return;
    }
    write(...args);
    if (this.#leftOut.size < keysLimit) this.#begin(key, failure, message, write);
  }

  #begin(key: string, failure: StorageFailure, message: string, write: Write): void {
    this.#leftOut.set(key, 0);
    setTimeout(() => {
      const repeated = this.#leftOut.get(key)!;
      this.#leftOut.delete(key);
      if (repeated === 0) return;
      write({ failure, repeated }, message);
      this.#begin(key, failure, message, write);
    }, periodMs).unref();
  }
}
