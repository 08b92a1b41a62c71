import { preview, RoomcastError, type RoomPreview, type RoomStateAnswer } from '@roomcast/client';

/** A room by its id, or by an invite to it. */
export type RoomKey = { readonly roomId: string } | { readonly invite: string };

/**
 * What is told about a room to anyone who has its link, and about private rooms to the people in them.
 * @param token of the user, if there is one
 * @throws {RoomcastError} room_not_found, invite_not_found, malformed, rate_limited, network
 */
export async function loadPreview(key: RoomKey, token: string | undefined): Promise<RoomPreview> {
  if ('invite' in key) return (await preview(location.origin, key)).room;
  try {
    return (await preview(location.origin, key)).room;
  } catch (error) {
    const isRefused = error instanceof RoomcastError && error.code === 'room_not_found';
    if (!isRefused || token === undefined) throw error;
    const own = await previewOfOwn(key.roomId, token).catch(() => undefined);
    if (!own) throw error;
    return own;
  }
}

/** Of a private room that the user is in. @returns undefined if they are not */
async function previewOfOwn(roomId: string, token: string): Promise<RoomPreview | undefined> {
  const response = await fetch(`/api/rooms/${encodeURIComponent(roomId)}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) return undefined;
  const { room } = (await response.json()) as RoomStateAnswer;
  return { ...room, listeners: room.online_users.slice(0, 5).map(({ username }) => username) };
}
