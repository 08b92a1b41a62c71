import { availableParallelism } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import { InjectPinoLogger, PinoLogger } from 'nestjs-pino';
import { RetryLater } from '../errors/problem.js';
import { Lifecycle } from '../lifecycle/lifecycle.js';
import type { QueueKey } from '../limits/fair-backlog.js';
import { FairQueue, QueueRefusal } from '../limits/fair-queue.js';
import { ProcessFailure, ProcessPool } from '../processes/process-pool.js';
import { PROGRAMS, type Programs } from '../processes/programs.js';

/** Message to the process: hashes the password; with `hash`, verifies it against that. Null: the user is unknown. */
export interface PasswordRequest {
  password: string;
  hash?: string | null;
}

/** Answer of the process: the hash, or whether the password matches. */
export type PasswordAnswer = { hash: string } | { matches: boolean };

const processLimits = { timeoutMs: 10_000, maxHeapMegabytes: 32 };

/** Each hash occupies one core; on a small machine one is left for the event loop. */
const maxRunning = availableParallelism() > 2 ? 2 : 1;
/** Beyond it, jobs of the address with the most are refused, so that nobody can fill the queue for other addresses. */
const maxWaiting = 200;
/** More than the sign-ins that `LoginThrottle` checks for one source at a time. */
const maxWaitingPerGroup = 100;

const refusal = (): RetryLater =>
  new RetryLater('unavailable', 'Too many users are signing in right now; try again in a second.', 1000);

/**
 * Hashes and verifies passwords with argon2id, at most `maxRunning` at a time. Client addresses take turns, and behind an
 * address the sources that `LoginThrottle` distinguishes. In processes of their own: hashing has a lower priority than
 * delivery, does not occupy the threads that read files, and its memory, of which the C library would keep a block of
 * 19 MiB for each thread, goes back to the system.
 */
@Injectable()
export class PasswordHasher {
  readonly #queue = new FairQueue({ maxRunning, maxWaiting, maxWaitingPerGroup });
  readonly #processes: ProcessPool<PasswordRequest, PasswordAnswer>;

  constructor(
    @Inject(PROGRAMS) programs: Programs,
    lifecycle: Lifecycle,
    @InjectPinoLogger(PasswordHasher.name) private readonly log: PinoLogger,
  ) {
    this.#processes = new ProcessPool(programs.passwords, processLimits);
    lifecycle.onStop('resources', 'the processes that hash passwords', () => this.#processes.close());
  }

  /** @param of the client's address, and the source of the request @throws {Problem} unavailable */
  async hash(password: string, of: QueueKey): Promise<string> {
    const { hash } = (await this.#run(of, { password })) as { hash: string };
    return hash;
  }

  /** @param hash undefined for an unknown user: returns false after the same work @throws {Problem} unavailable */
  async verify(hash: string | undefined, password: string, of: QueueKey): Promise<boolean> {
    const { matches } = (await this.#run(of, { password, hash: hash ?? null })) as { matches: boolean };
    return matches;
  }

  async #run(of: QueueKey, request: PasswordRequest): Promise<PasswordAnswer> {
    try {
      return await this.#queue.run(of, () => this.#processes.run(request));
    } catch (error) {
      if (error instanceof QueueRefusal) throw refusal();
      if (!(error instanceof ProcessFailure)) throw error;
      if (error.reason !== 'aborted') this.log.error(error.fields, 'hashing a password failed');
      throw refusal();
    }
  }
}
