import type { Room } from '@roomcast/client';
import { useEffect, useState } from 'react';
import { useJoinedRoom, useRoomState } from '../room/joined-room.js';

const validSeconds = 24 * 3600;
/** An invite is replaced this long before it expires, so that nobody scans one that is about to. */
const spareSeconds = 600;
const retryMs = 30_000;

/** Requests for invites, shared by all that show one: each mount would create another. */
const requests = new WeakMap<Room, Promise<{ code: string; expiresAt: number }>>();

/** An invite that anyone may use for some time: one that exists, else a new one. */
async function findInvite(room: Room): Promise<{ code: string; expiresAt: number }> {
  const now = Date.now() / 1000;
  const known = (await room.listInvites()).find(
    ({ max_uses, expires_at }) => max_uses === null && expires_at > now + validSeconds / 2,
  );
  const { invite, expires_at } = known ?? (await room.createInvite({ expires_in: validSeconds }));
  return { code: invite, expiresAt: expires_at };
}

/**
 * The link that leads others into the room: its address, or an invite where it is private and this user administers it.
 * @returns undefined where there is none, or not yet
 */
export function useRoomLink(): string | undefined {
  const { room } = useJoinedRoom();
  const isPrivate = useRoomState((state) => state.visibility === 'private');
  const isAdministrator = useRoomState((state) => state.administrator?.id) === room.user.id;
  const [invite, setInvite] = useState<string>();
  const needsInvite = isPrivate && isAdministrator;
  useEffect(() => {
    if (!needsInvite) return;
    let isWanted = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async () => {
      let waitMs = retryMs;
      try {
        let request = requests.get(room);
        if (!request) requests.set(room, (request = findInvite(room)));
        const { code, expiresAt } = await request;
        if (isWanted) setInvite(code);
        waitMs = Math.max(retryMs, (expiresAt - spareSeconds) * 1000 - Date.now());
      } catch {
        // Without a code the screen plays all the same.
      }
      if (!isWanted) return;
      timer = setTimeout(() => {
        requests.delete(room);
        void load();
      }, waitMs);
    };
    void load();
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [room, needsInvite]);
  if (!isPrivate) return `${location.origin}/rooms/${room.id}`;
  return needsInvite && invite !== undefined
    ? `${location.origin}/join/${encodeURIComponent(invite)}`
    : undefined;
}
