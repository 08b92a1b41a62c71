import { type RoomState, RoomcastError } from '@roomcast/client';

/** What is told about a room before it is joined. */
export interface RoomPreview {
  readonly id: string;
  readonly name: string;
  readonly visibility: 'public' | 'private';
  readonly online_count: number;
  /** A few of the people who are online. */
  readonly listeners: readonly string[];
  readonly current_track: {
    readonly title: string;
    readonly artist: string | null;
    readonly cover_color?: string | null;
  } | null;
}

/** A room by its id, or by an invite to it. */
export type RoomKey = { readonly roomId: string } | { readonly invite: string };

/**
 * What is told about a room to anyone who has its link, and about private rooms to the people in them.
 * @param token of the user, if there is one
 * @returns null if the server tells nothing before joining
 * @throws {RoomcastError} room_not_found, invite_not_found, malformed, rate_limited, network
 */
export async function loadPreview(
  key: RoomKey,
  token: string | undefined,
  signal: AbortSignal,
): Promise<RoomPreview | null> {
  const path =
    'invite' in key
      ? `/api/invites/${encodeURIComponent(key.invite)}`
      : `/api/rooms/${encodeURIComponent(key.roomId)}/preview`;
  try {
    return (await get<{ room: RoomPreview }>(path, signal)).room;
  } catch (error) {
    const code = error instanceof RoomcastError ? error.code : undefined;
    if ('invite' in key || (code !== 'room_not_found' && code !== 'not_found')) throw error;
    // A server without previews.
    const isUnknown = code === 'not_found';
    if (token !== undefined) {
      try {
        return previewOf(await stateOf(key.roomId, token, signal));
      } catch (cause) {
        if (!isUnknown) throw cause;
      }
    }
    if (isUnknown) return null;
    throw error;
  }
}

async function stateOf(roomId: string, token: string, signal: AbortSignal): Promise<RoomState> {
  const { room } = await get<{ room: RoomState }>(`/api/rooms/${encodeURIComponent(roomId)}`, signal, token);
  return room;
}

const previewOf = (room: RoomState): RoomPreview => ({
  ...room,
  listeners: room.online_users.slice(0, 5).map(({ username }) => username),
});

async function get<T>(path: string, signal: AbortSignal, token?: string): Promise<T> {
  let response: Response;
  let body: T & { error?: { code?: string; message?: string } };
  try {
    response = await fetch(path, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    body = (await response.json()) as typeof body;
  } catch (cause) {
    throw new RoomcastError('network', 'The server cannot be reached.', { cause });
  }
  if (response.ok) return body;
  const code = body.error?.code ?? (response.status >= 500 ? 'unavailable' : 'malformed');
  throw new RoomcastError(code, body.error?.message ?? '', { status: response.status });
}
