import { type Room, type Roomcast, RoomcastError, type RoomView } from '@roomcast/client';
import type { RoomPlayer } from '@roomcast/client/player';
import workerUrl from '@roomcast/client/player-worker?url';
import { createContext, useContext } from 'react';
import { loadPart } from '../app/new-version.js';
import type { Session } from '../session/session.js';
import { closeSound } from '../session/sound.js';
import { usePart } from '../stores/use-store.js';

/** A room that the user has joined, with its player. */
export interface JoinedRoom {
  readonly roomcast: Roomcast;
  readonly room: Room;
  readonly player: RoomPlayer;
}

interface EnterOptions {
  readonly invite?: string;
  readonly signal: AbortSignal;
  /** What else the page cannot do without, loaded at the same time. */
  readonly needs?: Promise<unknown>;
}

export const loadPlayer = () => loadPart(() => import('@roomcast/client/player'));

/**
 * Joins a room and begins to play it. Nothing stays open if that fails or is aborted, apart from the context.
 * @param context made in the handler of the tap that joins: browsers allow sound only there
 * @throws {RoomcastError}
 */
export async function enterRoom(
  { roomcast, signedIn }: Session,
  roomId: string,
  context: AudioContext,
  { needs, ...options }: EnterOptions,
): Promise<JoinedRoom> {
  const { signal } = options;
  const joining = roomcast.join(roomId, options);
  try {
    const [{ createPlayer }, room] = await Promise.all([loadPlayer(), joining, needs]);
    signal.throwIfAborted();
    // The user has signed out since the call, for example in another tab.
    if (signedIn.current?.user.id !== room.user.id) {
      throw new RoomcastError('unauthorized', 'The user has signed out.');
    }
    const player = createPlayer(room, roomcast.media, { context, workerUrl });
    signal.addEventListener('abort', () => {
      player.close();
      closeSound(context);
    });
    return { roomcast, room, player };
  } catch (error) {
    joining.then(
      (room) => room.close(),
      () => undefined,
    );
    throw error;
  }
}

const JoinedRoomContext = createContext<JoinedRoom | undefined>(undefined);
export const JoinedRoomProvider = JoinedRoomContext.Provider;

export function useJoinedRoom(): JoinedRoom {
  const joined = useContext(JoinedRoomContext);
  if (!joined) throw new Error('There is no JoinedRoomProvider above this component.');
  return joined;
}

/** A part of the room's state. @param select must return a part of the state, not a new object */
export const useRoomState = <P>(select: (state: RoomView) => P): P =>
  usePart(useJoinedRoom().room.state, select);
