import { setTimeout as sleep } from 'node:timers/promises';
import { StorageFailureError, storageFailureOf } from '../errors/storage-failure.js';

const timeoutMs = 5000;
const retryDelayMs = 10;
/** If the database was not locked for this long, the next "locked" error starts a new timeout. */
const timeoutResetMs = 1000;

/** The mutex of the one SQLite connection: locked while a query or transaction uses it. */
export interface ConnectionMutex {
  lock(): Promise<void>;
  unlock(): void;
}

/**
 * Waits for a lock that another process holds on the SQLite file without blocking the event loop, as SQLite's own busy
 * timeout would. Owned by the driver of the one connection. Callers queue in order and only the first one retries; the
 * mutex is released between attempts, so that reads can use the connection. The timeout starts when the lock is first
 * found, so that queued writes share one timeout instead of waiting one after the other.
 */
export class LockWait {
  #lockedSince: number | undefined;
  #lastLocked = 0;
  #waiting = 0;
  /** Resolves when the last caller in the queue is done. */
  #queueTail: Promise<void> = Promise.resolve();

  /**
   * Retries `attempt` until it succeeds. The caller holds the mutex and has had one attempt fail; it holds the mutex
   * again when this returns or throws.
   * @throws {StorageFailureError} locked, after the timeout
   */
  async retry<R>(mutex: ConnectionMutex, attempt: () => R): Promise<R> {
    this.#noteLocked();
    const predecessor = this.#queueTail;
    let leaveQueue!: () => void;
    this.#queueTail = new Promise((resolve) => (leaveQueue = resolve));
    this.#waiting += 1;
    mutex.unlock();
    try {
      await predecessor;
      return await this.#poll(mutex, attempt);
    } catch (error) {
      await mutex.lock();
      throw error;
    } finally {
      this.#waiting -= 1;
      leaveQueue();
    }
  }

  /** Whether writes are waiting. A new write must then call `retry` without an own attempt, to keep the order. */
  get busy(): boolean {
    return this.#waiting > 0;
  }

  /** The mutex is held when this returns, and not held when it throws. */
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
            `another process has locked the database for ${timeoutMs / 1000} s`,
            { cause: error },
          );
        }
      }
      await sleep(retryDelayMs);
    }
  }

  #noteLocked(): void {
    const now = performance.now();
    if (now - this.#lastLocked > timeoutResetMs) this.#lockedSince = now;
    this.#lockedSince ??= now;
    this.#lastLocked = now;
  }
}
