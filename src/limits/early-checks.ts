import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Problem } from '../errors/problem.js';

/** @returns why the request is refused; undefined if it may go on */
export type EarlyCheck = (request: IncomingMessage) => Problem | undefined;

/**
 * Checks of requests before Express, the logger and the database have done any work for them. For limits that can be
 * decided from memory, and that a caller may exceed a thousand times a second. The route checks its limits again.
 */
@Injectable()
export class EarlyChecks {
  readonly #checks: EarlyCheck[] = [];

  register(check: EarlyCheck): void {
    this.#checks.push(check);
  }

  /** The first problem found. */
  problemOf(request: IncomingMessage): Problem | undefined {
    for (const check of this.#checks) {
      const problem = check(request);
      if (problem) return problem;
    }
    return undefined;
  }
}
