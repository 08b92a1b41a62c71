import { useEffect } from 'react';
import { endOf, type RoomEnd } from '../entrance/room-end.js';
import type { Session } from '../session/session.js';
import type { JoinedRoom } from './joined-room.js';

/*
 * What the room and the big screen have in common: arriving, being refused, and the end.
 */

/** @param arrive called once for each visit @param leave called at its end */
export function useVisit(arrive: (isCurrent: () => boolean) => Promise<void>, leave: () => void): void {
  useEffect(() => {
    let isGone = false;
    // Not at once: React's strict mode mounts, unmounts and mounts.
    const timer = setTimeout(() => void arrive(() => !isGone), 0);
    return () => {
      isGone = true;
      clearTimeout(timer);
      leave();
    };
    // Once for each visit.
  }, []);
}

/** The end that a refusal means; undefined where the door stays open. A token that was refused is forgotten. */
export function endOfRefusal(session: Session, error: unknown, isInvite = false): RoomEnd | undefined {
  const end = endOf(error);
  if (end === 'unauthorized') session.forget();
  // The invite was used up since the door was shown: the room itself is there.
  return isInvite && end === 'no_room' ? 'no_invite' : end;
}

/**
 * Aborts a visit when the connection to its room is closed, which may have happened already.
 * @param ended told why; undefined if someone else has signed in on this page
 */
export function watchEnd(
  session: Session,
  { room: { connection } }: JoinedRoom,
  abort: AbortController,
  ended: (end: RoomEnd | undefined) => void,
): void {
  const check = () => {
    const { current } = connection;
    if (current.is !== 'closed') return;
    stop();
    if (abort.signal.aborted) return;
    abort.abort();
    if (current.reason === 'closed') return ended(session.signedIn.current ? undefined : 'unauthorized');
    if (current.reason === 'unauthorized') session.forget();
    ended(current.reason);
  };
  const stop = connection.subscribe(check);
  check();
}
