import type { ErrorCode } from './contract.js';

/** Codes of failures that the library itself finds; all others come from the server. */
export type LocalErrorCode =
  /** The server could not be reached, or its answer was lost. */
  | 'network'
  /** The room, the lobby or the whole library was closed before this was done. */
  | 'closed'
  /** Cancelled with an `AbortSignal`. */
  | 'aborted'
  /** A handler did not settle in time. */
  | 'handler_timeout'
  /** The server sent something that the contract does not allow. */
  | 'protocol';

/**
 * Every failure that the library reports. `code` is stable and for programs; `message` is for people. Codes that a newer
 * server has added are possible too.
 */
export class RoomcastError extends Error {
  override readonly name = 'RoomcastError';

  constructor(
    readonly code: ErrorCode | LocalErrorCode | (string & {}),
    message: string,
    options: {
      /** The status of the HTTP answer; undefined if the failure has none. */
      status?: number | undefined;
      /** What the server says besides, for example the fields that are invalid. */
      details?: unknown;
      /** Seconds to wait before trying again, where the server said so. */
      retryAfter?: number | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.status = options.status;
    this.details = options.details;
    this.retryAfter = options.retryAfter;
  }

  readonly status: number | undefined;
  readonly details: unknown;
  readonly retryAfter: number | undefined;
}

/** A refusal as the server sends it over sockets. */
export interface Refusal {
  code: string;
  message: string;
  details?: unknown;
}

export const refusalError = ({ code, message, details }: Refusal, status?: number): RoomcastError =>
  new RoomcastError(code, message, { status, details });

/** Reports what nobody is there to catch, for example the exception of a subscriber. */
export function reportUncaught(error: unknown): void {
  // eslint-disable-next-line no-console -- the library has no other place for it, and silence would hide faults
  console.error(error);
}
