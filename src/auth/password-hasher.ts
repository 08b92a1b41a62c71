import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';
import argon2 from 'argon2';
import { v7 as uuid } from 'uuid';
import { RetryLater } from '../errors/problem.js';
import type { QueueKey } from '../limits/fair-backlog.js';
import { FairQueue, QueueRefusal } from '../limits/fair-queue.js';

// The smallest of the equivalent argon2id settings in the OWASP Password Storage Cheat Sheet. After a hash, the C library
// keeps one block of this size in each of libuv's four threads. It returns larger blocks to the system, but then each
// hash allocates its memory again: with 46 MiB a hash took 243 ms instead of 40 ms.
const hashing = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/**
 * Each hash occupies one of the four threads of libuv and one core: two, so that two threads are left for files, and
 * only one on a small machine, so that a core is left for the event loop.
 */
const maxRunning = availableParallelism() > 2 ? 2 : 1;
/** Beyond it, jobs of the address with the most are refused, so that nobody can fill the queue for other addresses. */
const maxWaiting = 200;
/** More than the sign-ins that `LoginThrottle` checks for one source at a time. */
const maxWaitingPerGroup = 100;

const refusal = (): RetryLater =>
  new RetryLater('unavailable', 'Too many users are signing in right now; try again in a second.', 1000);

/**
 * Hashes and verifies passwords with argon2id, at most `maxRunning` at a time. Client addresses take turns, and behind an
 * address the sources that `LoginThrottle` distinguishes.
 */
@Injectable()
export class PasswordHasher {
  readonly #queue = new FairQueue({ maxRunning, maxWaiting, maxWaitingPerGroup });
  /** Dummy hash for unknown users, to avoid a timing leak. */
  readonly #dummy = argon2.hash(uuid(), hashing);

  /** @param of the client's address, and the source of the request @throws {Problem} unavailable */
  hash(password: string, of: QueueKey): Promise<string> {
    return this.#run(of, () => argon2.hash(password, hashing));
  }

  /** @param hash undefined for an unknown user: returns false after the same work @throws {Problem} unavailable */
  verify(hash: string | undefined, password: string, of: QueueKey): Promise<boolean> {
    return this.#run(of, async () => {
      const matches = await argon2.verify(hash ?? (await this.#dummy), password);
      return matches && hash !== undefined;
    });
  }

  async #run<R>(of: QueueKey, job: () => Promise<R>): Promise<R> {
    try {
      return await this.#queue.run(of, job);
    } catch (error) {
      throw error instanceof QueueRefusal ? refusal() : error;
    }
  }
}
