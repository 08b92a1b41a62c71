import { type ErrorCode, errorCodes } from '../contract/index.js';

/** Something the caller is told: a stable code, what happened, and what to do about it. */
export class Problem extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details?: unknown,
  ) {
    super(message);
    this.name = 'Problem';
  }

  get status(): number {
    return errorCodes[this.code].status;
  }

  /** The error as both REST and sockets carry it. */
  get body(): { code: string; message: string; details?: unknown } {
    const { code, message, details } = this;
    return details === undefined ? { code, message } : { code, message, details };
  }
}

/** A refusal for now: answered with `Retry-After`, and not a fault of the server, whatever its status. */
export class RetryLater extends Problem {
  constructor(
    code: 'rate_limited' | 'unavailable',
    message: string,
    private readonly retryAfterMs: number,
  ) {
    super(code, message);
  }

  /** For `Retry-After`: whole seconds, at least one. */
  get retryAfterSeconds(): number {
    return Math.max(1, Math.ceil(this.retryAfterMs / 1000));
  }
}

/** `rate_limited`, with how long to wait. */
export class RateLimited extends RetryLater {
  constructor(message: string, retryAfterMs: number) {
    super('rate_limited', message, retryAfterMs);
  }
}

export const invalidField = (field: string, message: string): Problem =>
  new Problem('invalid_field', message, [{ field, message }]);
