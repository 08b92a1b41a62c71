import type { Room, RoomState, Track, User } from '../../src/contract/index.js';

export interface Answer<T = any> {
  status: number;
  body: T;
  headers: Headers;
}

/** A user with a token, and methods for requests to the API. */
export interface Person {
  user: User;
  token: string;
  get<T = any>(path: string): Promise<Answer<T>>;
  post<T = any>(path: string, body?: unknown): Promise<Answer<T>>;
  put<T = any>(path: string, body?: unknown): Promise<Answer<T>>;
  patch<T = any>(path: string, body?: unknown): Promise<Answer<T>>;
  delete<T = any>(path: string): Promise<Answer<T>>;
  upload(roomId: string, bytes: Uint8Array, name: string, type?: string): Promise<Answer<{ track: Track }>>;
}

/** One request; the answer's body is parsed if it is JSON. */
export async function request(
  url: string,
  method: string,
  path: string,
  init: RequestInit = {},
): Promise<Answer> {
  const response = await fetch(`${url}/api${path}`, { method, ...init });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('application/json') ?? false;
  return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
}

/** @param headers sent with each request */
export function person(url: string, token: string, user: User, headers: Record<string, string> = {}): Person {
  const call = (method: string) => (path: string, body?: unknown) =>
    request(url, method, path, {
      headers: {
        ...headers,
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    user,
    token,
    get: call('GET'),
    post: call('POST'),
    put: call('PUT'),
    patch: call('PATCH'),
    delete: call('DELETE'),
    upload(roomId, bytes, name, type = 'application/octet-stream') {
      const form = new FormData();
      form.append('audio_file', new Blob([new Uint8Array(bytes)], { type }), name);
      return request(url, 'POST', `/rooms/${roomId}/tracks`, {
        headers: { ...headers, authorization: `Bearer ${token}` },
        body: form,
      });
    },
  };
}

export async function guest(url: string, username = 'guest'): Promise<Person> {
  const { status, body } = await request(url, 'POST', '/auth/guest', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username }),
  });
  if (status !== 201) throw new Error(`no guest: ${status} ${JSON.stringify(body)}`);
  return person(url, body.token, body.user);
}

/** A room, made by `administrator`, that `others` have joined. */
export async function roomOf(
  administrator: Person,
  others: Person[] = [],
  fields: object = {},
): Promise<Room> {
  const { body } = await administrator.post('/rooms', { name: 'Room', ...fields });
  for (const other of others) await other.post(`/rooms/${body.room.id}/join`);
  return body.room;
}

export async function stateOf(
  someone: Person,
  roomId: string,
): Promise<{ room: RoomState; sequence: number }> {
  return (await someone.get(`/rooms/${roomId}`)).body;
}
