import { RoomcastError } from '../errors.js';
import type { ServerAddress } from './address.js';

const timeoutMs = 15_000;

export interface RequestOptions {
  readonly body?: unknown;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * One request to the REST API.
 * @param path below `/api`, with its query
 * @returns the body of the answer
 * @throws {RoomcastError} the server's code; `network` if there was no answer; `aborted`
 */
export async function request<T>(
  { origin, path: base }: ServerAddress,
  method: string,
  path: string,
  { body, token, headers, signal }: RequestOptions = {},
): Promise<T> {
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${origin}${base}/api${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    text = await response.text();
  } catch (cause) {
    throw networkError(`${method} ${path}`, cause, signal);
  }
  if (!response.ok) throw refusalOf(response.status, text, response.headers.get('retry-after'));
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new RoomcastError('protocol', `${method} ${path} was not answered with JSON.`, {
      status: response.status,
      cause,
    });
  }
}

/** The error for a request without an answer. */
export function networkError(what: string, cause: unknown, signal?: AbortSignal): RoomcastError {
  return signal?.aborted
    ? new RoomcastError('aborted', `${what} was cancelled.`, { cause: signal.reason })
    : new RoomcastError('network', `${what} was not answered: the server cannot be reached.`, { cause });
}

/** The error for an answer that refuses. A proxy may have answered, with a body of its own. */
export function refusalOf(status: number, text: string, retryAfter: string | null): RoomcastError {
  let error: { code?: unknown; message?: unknown; details?: unknown } = {};
  try {
    error = (JSON.parse(text) as { error?: typeof error }).error ?? {};
  } catch {
    // Not ours.
  }
  const { code, message, details } = error;
  const seconds = Number(retryAfter);
  return new RoomcastError(
    typeof code === 'string' ? code : status >= 500 ? 'unavailable' : 'malformed',
    typeof message === 'string' ? message : `The server answered with status ${status}.`,
    { status, details, retryAfter: retryAfter !== null && seconds >= 0 ? seconds : undefined },
  );
}
