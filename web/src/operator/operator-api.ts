import { type AdminOverview, type AdminRoom, type AdminUser, RoomcastError } from '@roomcast/client';

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

  readonly overview = (): Promise<AdminOverview> => this.#request('GET', 'overview');

  async rooms(after: string | undefined): Promise<Page<AdminRoom>> {
    const { rooms, next } = await this.#request<{ rooms: AdminRoom[]; next: string | null }>(
      'GET',
      `rooms?${queryOf({ after })}`,
    );
    return { items: rooms, next };
  }

  /** @param part of the username */
  async users(after: string | undefined, part: string): Promise<Page<AdminUser>> {
    const { users, next } = await this.#request<{ users: AdminUser[]; next: string | null }>(
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
