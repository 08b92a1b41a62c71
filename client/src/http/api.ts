import { backoffMs } from '../connection/backoff.js';
import { type Environment, sleep } from '../environment.js';
import { RoomcastError } from '../errors.js';
import type { ServerAddress } from './address.js';
import { request, type RequestOptions } from './request.js';
import type { TokenSource } from './token-source.js';

/** Answers after which the same request may succeed a little later, and may or may not have been carried out. */
const transientStatuses: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);

export interface CommandOptions {
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether carrying it out twice does no harm, so that it is repeated even on a server that does not know
   * `Idempotency-Key`.
   */
  readonly repeatable?: boolean;
}

/** The REST API, as one user. Refreshes the token once where it is refused. */
export class Api {
  /** Whether the server keeps the answers of commands by their key; found out by the first room that connects. */
  knowsKeys = false;

  constructor(
    readonly address: ServerAddress,
    readonly tokens: TokenSource,
    private readonly environment: Environment,
    private readonly commandTimeoutMs: number,
    private readonly send: typeof request = request,
  ) {}

  /** Reads something. @throws {RoomcastError} */
  get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.#request<T>('GET', path, { signal });
  }

  /**
   * Changes something. A command whose answer is lost, or that the server cannot take at the moment, is repeated with
   * the same `Idempotency-Key` until it is answered, so that it is carried out once.
   * @throws {RoomcastError} the server's refusal; `network` if there was no answer within the time that was set
   */
  async command<T>(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    { body, signal, repeatable = false }: CommandOptions = {},
  ): Promise<T> {
    const headers = { 'idempotency-key': newKey() };
    return this.repeat(() => this.#request<T>(method, path, { body, headers, signal }), repeatable, signal);
  }

  /** Runs a command until it is answered. The command itself has to be the same each time. */
  async repeat<T>(
    attempt: () => Promise<T>,
    repeatable: boolean,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const deadline = this.environment.now() + this.commandTimeoutMs;
    for (let failures = 0; ; failures += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (!isTransient(error) || !(repeatable || this.knowsKeys)) throw error;
        const waitMs = Math.max(
          (error.retryAfter ?? 0) * 1000,
          backoffMs(failures, () => this.environment.random()),
        );
        if (this.environment.now() + waitMs >= deadline) throw error;
        await sleep(this.environment, waitMs, signal).catch((cause: unknown) => {
          throw new RoomcastError('aborted', 'The command was cancelled.', { cause });
        });
      }
    }
  }

  /** Runs a request with the token, and once more with another one if it is refused. */
  async authorized<T>(run: (token: string) => Promise<T>): Promise<T> {
    const token = await this.tokens.get();
    if (token === null) throw signedOut();
    try {
      return await run(token);
    } catch (error) {
      if (!(error instanceof RoomcastError) || error.code !== 'unauthorized') throw error;
      const other = await this.tokens.renew(token);
      if (other === null) throw error;
      return run(other);
    }
  }

  #request<T>(method: string, path: string, options: RequestOptions): Promise<T> {
    return this.authorized((token) => this.send<T>(this.address, method, path, { ...options, token }));
  }
}

const isTransient = (error: unknown): error is RoomcastError =>
  error instanceof RoomcastError &&
  (error.code === 'network' || (error.status !== undefined && transientStatuses.has(error.status)));

const signedOut = (): RoomcastError => new RoomcastError('unauthorized', 'There is no token.');

/** Unlike `crypto.randomUUID`, this works on pages that are not served over TLS. */
export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );
