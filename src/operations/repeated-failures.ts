import { type StorageFailure, storageFailureOf } from '../errors/storage-failure.js';

const periodMs = 60_000;
/** A limit in case a message is not a constant text. */
const maxKeys = 200;

type Write = (...args: unknown[]) => void;

/**
 * Deduplicates log lines while the disk is full or the database does not answer, to keep the log readable and small. Of
 * lines with the same text and the same storage failure, the first is written, and then one line per minute with the
 * number of suppressed lines as `repeated`.
 */
export class RepeatedFailures {
  /** Number of lines suppressed in the current period, by failure and text. */
  readonly #suppressed = new Map<string, number>();

  /** Writes or suppresses a line. @param args the arguments of the logger's method */
  log(args: readonly unknown[], write: Write): void {
    const [fields, message] = args as [unknown, unknown];
    const failure = storageFailureOf((fields as { err?: unknown } | null | undefined)?.err);
    if (failure === undefined || typeof message !== 'string') {
      write(...args);
      return;
    }
    const key = `${failure} ${message}`;
    const suppressed = this.#suppressed.get(key);
    if (suppressed !== undefined) {
      this.#suppressed.set(key, suppressed + 1);
      return;
    }
    write(...args);
    if (this.#suppressed.size < maxKeys) this.#startPeriod(key, failure, message, write);
  }

  #startPeriod(key: string, failure: StorageFailure, message: string, write: Write): void {
    this.#suppressed.set(key, 0);
    setTimeout(() => {
      const repeated = this.#suppressed.get(key)!;
      this.#suppressed.delete(key);
      if (repeated === 0) return;
      write({ failure, repeated }, message);
      this.#startPeriod(key, failure, message, write);
    }, periodMs).unref();
  }
}
