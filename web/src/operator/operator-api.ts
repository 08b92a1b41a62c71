import { RoomcastError, type User, type Visibility } from '@roomcast/client';

interface Latency {
  readonly count: number;
  /** Seconds, like all that follow. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** The state of the server. */
export interface Overview {
  readonly server_time: number;
  readonly uptime: number;
  readonly version: string;
  readonly node_id: string;
  readonly nodejs: string;
  readonly rooms: number;
  readonly users: number;
  readonly connections: number;
  /** By event type. */
  readonly events_per_second: Readonly<Record<string, number>>;
  readonly latencies: { readonly commit_to_write: Latency; readonly write_to_confirmation: Latency };
  /** Since the process started. */
  readonly confirmations: {
    readonly pending: number;
    readonly confirmed: number;
    readonly retries: number;
    readonly dead_letters: number;
  };
  readonly memory: {
    readonly rss_bytes: number;
    readonly heap_used_bytes: number;
    readonly external_bytes: number;
  };
  /** Seconds; null in the first answer. */
  readonly loop_delay: {
    readonly mean: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  } | null;
  readonly storage: { readonly tracks: number; readonly bytes: number; readonly max_bytes: number | null };
}

export interface OperatorRoom {
  readonly id: string;
  readonly name: string;
  readonly visibility: Visibility;
  readonly administrator: User | null;
  readonly created_at: number;
  readonly participants: number;
  readonly online: number;
  readonly connections: number;
  readonly tracks: number;
  readonly bytes: number;
}

export interface OperatorUser {
  readonly id: string;
  readonly username: string;
  readonly guest: boolean;
  readonly created_at: number;
  readonly banned_at: number | null;
}

/** `next` of a page is `after` of the following one. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

const pageSize = 25;
const timeoutMs = 15_000;

/** The API of the server's operator. All methods reject with a `RoomcastError`. */
export class OperatorApi {
  constructor(private readonly token: string) {}

  readonly overview = (): Promise<Overview> => this.#request('GET', 'overview');

  async rooms(after: string | undefined): Promise<Page<OperatorRoom>> {
    const { rooms, next } = await this.#request<{ rooms: OperatorRoom[]; next: string | null }>(
      'GET',
      `rooms?${queryOf({ after })}`,
    );
    return { items: rooms, next };
  }

  /** @param part of the username */
  async users(after: string | undefined, part: string): Promise<Page<OperatorUser>> {
    const { users, next } = await this.#request<{ users: OperatorUser[]; next: string | null }>(
      'GET',
      `users?${queryOf({ after, q: part || undefined })}`,
    );
    return { items: users, next };
  }

  /** Ends a room for everyone in it. */
  deleteRoom(id: string): Promise<unknown> {
    return this.#request('DELETE', `rooms/${encodeURIComponent(id)}`);
  }

  setBanned(userId: string, isBanned: boolean): Promise<unknown> {
    return this.#request(isBanned ? 'POST' : 'DELETE', `users/${encodeURIComponent(userId)}/ban`);
  }

  /** Stops the server, as SIGTERM does. */
  drain(): Promise<unknown> {
    return this.#request('POST', 'drain');
  }

  async #request<T>(method: string, path: string): Promise<T> {
    let response: Response;
    let body: T & { error?: { code?: string; message?: string } };
    try {
      response = await fetch(`/api/admin/${path}`, {
        method,
        headers: { authorization: `Bearer ${this.token}` },
        signal: AbortSignal.timeout(timeoutMs),
      });
      body = (await response.json()) as typeof body;
    } catch (cause) {
      throw new RoomcastError('network', 'The server cannot be reached.', { cause });
    }
    if (response.ok) return body;
    const retryAfter = Number(response.headers.get('retry-after') ?? NaN);
    throw new RoomcastError(
      body.error?.code ?? (response.status >= 500 ? 'unavailable' : 'malformed'),
      body.error?.message ?? `The server answered with status ${response.status}.`,
      { status: response.status, ...(retryAfter >= 0 && { retryAfter }) },
    );
  }
}

function queryOf(fields: Record<string, string | undefined>): string {
  const query = new URLSearchParams({ limit: String(pageSize) });
  for (const [key, value] of Object.entries(fields)) if (value !== undefined) query.set(key, value);
  return query.toString();
}
