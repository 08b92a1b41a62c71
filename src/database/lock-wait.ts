import { setTimeout as pause } from 'node:timers/promises';
import { StorageFailureError, storageFailureOf } from '../errors/storage-failure.js';

/** For how long a lock that another process holds is waited for. */
const timeoutMs = 5000;
const pauseMs = 10;
/** After this long without a busy database, the next busy answer starts a new time limit. */
const forgottenAfterMs = 1000;

/** Held by the user of the connection, and released while it waits for another process. */
export interface ConnectionMutex {
  lock(): Promise<void>;
  unlock(): void;
}

/**
 * Waits for a lock that another process holds on the SQLite file, without blocking the event loop as SQLite's own
 * busy timeout does. Owned by the driver of the one connection. Callers wait in line, only the first of them tries,
 * and the connection is free for reads meanwhile. The time limit counts from when the lock was first met, so that a
 * line of writes does not take the limit for each.
 */
export class LockWait {
  #lockedSince: number | undefined;
  #lastLocked = 0;
  #waiting = 0;
  #line: Promise<void> = Promise.resolve();

  /** The caller holds the mutex and has been refused once; it holds the mutex again when this returns or throws. */
  async retry<R>(mutex: ConnectionMutex, attempt: () => R): Promise<R> {
    this.#noteLocked();
    const before = this.#line;
    let leave!: () => void;
    this.#line = new Promise((resolve) => (leave = resolve));
    this.#waiting += 1;
    mutex.unlock();
    try {
      await before;
      return await this.#poll(mutex, attempt);
    } catch (error) {
      await mutex.lock();
      throw error;
    } finally {
      this.#waiting -= 1;
      leave();
    }
  }

  /** Whether a write would have to wait behind others: it joins them at once, and they stay in order. */
  get busy(): boolean {
    return this.#waiting > 0;
  }

  /** Returns with the mutex held, throws without. */
  async #poll<R>(mutex: ConnectionMutex, attempt: () => R): Promise<R> {
    for (;;) {
      await mutex.lock();
      try {
        const result = attempt();
        this.#lockedSince = undefined;
        return result;
      } catch (error) {
        mutex.unlock();
        if (storageFailureOf(error) !== 'locked') throw error;
        this.#noteLocked();
        if (performance.now() - this.#lockedSince! >= timeoutMs) {
          throw new StorageFailureError(
            'locked',
            `another process has held the lock of the database for ${timeoutMs / 1000} s`,
            { cause: error },
          );
        }
      }
      await pause(pauseMs);
    }
  }

  #noteLocked(): void {
    const now = performance.now();
    if (now - this.#lastLocked > forgottenAfterMs) this.#lockedSince = now;
    this.#lockedSince ??= now;
    this.#lastLocked = now;
  }
}
