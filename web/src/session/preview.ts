import { preview, RoomcastError, type RoomPreview, type RoomStateAnswer } from '@roomcast/client';

/** A room by its id, or by an invite to it. */
export type RoomKey = { readonly roomId: string } | { readonly invite: string };

/**
 * What is told about a room to anyone who has its link, and about private rooms to the people in them.
 * @param token of the user, if there is one
 * @throws {RoomcastError} room_not_found, invite_not_found, malformed, rate_limited, network; unauthorized if the token
 *   was refused where it was needed
 */
export async function loadPreview(key: RoomKey, token: string | undefined): Promise<RoomPreview> {
  if ('invite' in key) return (await preview(location.origin, key)).room;
  try {
    return (await preview(location.origin, key)).room;
  } catch (error) {
    const isRefused = error instanceof RoomcastError && error.code === 'room_not_found';
    if (!isRefused || token === undefined) throw error;
    const own = await previewOfOwn(key.roomId, token);
    if (!own) throw error;
    return own;
  }
}

/** Of a private room that the user is in. @returns undefined if they are not */
async function previewOfOwn(roomId: string, token: string): Promise<RoomPreview | undefined> {
  try {
    const response = await fetch(`/api/rooms/${encodeURIComponent(roomId)}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(10_000),
    });
    if (response.status === 403 || response.status === 404) return undefined;
    if (!response.ok) throw refusalOf(response);
    const { room } = (await response.json()) as RoomStateAnswer;
    return { ...room, listeners: room.online_users.slice(0, 5).map(({ username }) => username) };
  } catch (cause) {
    if (cause instanceof RoomcastError) throw cause;
    throw new RoomcastError('network', 'The server cannot be reached.', { cause });
  }
}

/** The code follows from the status: of those that are left, each stands for one. */
function refusalOf({ status, headers }: Response): RoomcastError {
  const code = status === 401 ? 'unauthorized' : status === 429 ? 'rate_limited' : 'unavailable';
  const retryAfter = Number(headers.get('retry-after') ?? NaN);
  return new RoomcastError(code, `The server answered with status ${status}.`, {
    status,
    retryAfter: retryAfter >= 0 ? retryAfter : undefined,
  });
}
