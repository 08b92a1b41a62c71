import { type ErrorCode, errorCodes } from '../contract/index.js';

/** An error that is reported to the caller: a stable code, and a message that says what happened and what to do. */
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

  /** The error object that REST answers and socket acknowledgements contain. */
  get body(): { code: string; message: string; details?: unknown } {
    const { code, message, details } = this;
    return details === undefined ? { code, message } : { code, message, details };
  }
}

/** A temporary refusal: answered with `Retry-After`, and not logged as a fault of the server. */
export class RetryLater extends Problem {
  constructor(
    code: 'rate_limited' | 'unavailable',
    message: string,
    private readonly retryAfterMs: number,
  ) {
    super(code, message);
  }

  /** The value of `Retry-After`: whole seconds, at least one. */
  get retryAfterSeconds(): number {
    return Math.max(1, Math.ceil(this.retryAfterMs / 1000));
  }
}

/** `rate_limited`, with the time to wait. */
export class RateLimited extends RetryLater {
  constructor(message: string, retryAfterMs: number) {
    super('rate_limited', message, retryAfterMs);
  }
}

/** An `invalid_field` problem with one field in its `details`. */
export const invalidField = (field: string, message: string): Problem =>
  new Problem('invalid_field', message, [{ field, message }]);
