import type { ListenerList, Room, SyncStatus } from '@roomcast/client';
import { useEffect, useState } from 'react';
import { useJoinedRoom } from '../joined-room.js';

/** A user's player, as the room knows it from the user's devices: that of the device that hears best. */
export interface ListenerState {
  readonly status: SyncStatus;
  readonly muted: boolean;
}

const pollMs = 10_000;
/** Players report a second after they begin. */
const firstPollMs = 2_500;
const pageSize = 200;
const maxPages = 3;
const best: readonly ListenerState['status'][] = ['in_step', 'correcting', 'buffering', 'blocked', 'silent'];

/** What is known of the people's players, by user id. The room does not send it: it is asked for while it is shown. */
export function useListeners(): ReadonlyMap<string, ListenerState> {
  const { room } = useJoinedRoom();
  const [listeners, setListeners] = useState<ReadonlyMap<string, ListenerState>>(new Map());
  useEffect(() => {
    let isGone = false;
    let timer: ReturnType<typeof setTimeout>;
    let polls = 0;
    const poll = async () => {
      polls += 1;
      try {
        if (!document.hidden && room.connection.current.is === 'live') {
          const known = await load(room);
          if (!isGone) setListeners(known);
        }
      } catch {
        // What is shown stays until the next time.
      }
      if (!isGone) timer = setTimeout(() => void poll(), polls === 1 ? firstPollMs : pollMs);
    };
    void poll();
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [room]);
  return listeners;
}

async function load(room: Room): Promise<Map<string, ListenerState>> {
  const states = new Map<string, ListenerState>();
  let after: string | null = null;
  for (let page = 0; page < maxPages; page += 1) {
    const { listeners, next }: ListenerList = await room.listeners({
      limit: pageSize,
      ...(after !== null && { after }),
    });
    for (const { user, connections } of listeners) {
      for (const { status, muted } of connections) {
        const known = states.get(user.id);
        if (status === null || (known && best.indexOf(known.status) <= best.indexOf(status))) continue;
        states.set(user.id, { status, muted: muted ?? false });
      }
    }
    if (next === null) break;
    after = next;
  }
  return states;
}
