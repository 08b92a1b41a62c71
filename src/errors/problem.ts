import type { ErrorCode } from '../contract/index.js';

/** HTTP status of each code, 400 for the others; over sockets only the code is sent. */
const statuses: Partial<Record<ErrorCode, number>> = {
  malformed: 400,
  unauthorized: 401,
  invalid_credentials: 401,
  session_ended: 401,
  forbidden: 403,
  not_a_participant: 403,
  not_administrator: 403,
  banned: 403,
  not_found: 404,
  room_not_found: 404,
  track_not_found: 404,
  user_not_found: 404,
  event_not_found: 404,
  cover_not_found: 404,
  audio_missing: 404,
  request_timeout: 408,
  invite_not_found: 404,
  username_taken: 409,
  already_registered: 409,
  cannot_remove_self: 409,
  nothing_to_play: 409,
  already_playing: 409,
  not_playing: 409,
  not_paused: 409,
  not_queued: 409,
  queue_full: 409,
  too_many_invites: 409,
  history_gone: 410,
  precondition_failed: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  range_not_satisfiable: 416,
  invalid_field: 422,
  unreadable_audio: 422,
  audio_too_complex: 422,
  rate_limited: 429,
  too_many_connections: 429,
  internal: 500,
  unavailable: 503,
  draining: 503,
  storage_full: 507,
};

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
    return statuses[this.code] ?? 400;
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
