import type { Room, Roomcast } from '@roomcast/client';
import type { RoomPlayer } from '@roomcast/client/player';
import workerUrl from '@roomcast/client/player-worker?url';
import { createContext, useContext } from 'react';
import type { RoomView } from '@roomcast/client';
import { usePart } from '../stores/use-store.js';

/** A room that the user has joined, with its player. */
export interface JoinedRoom {
  readonly roomcast: Roomcast;
  readonly room: Room;
  readonly player: RoomPlayer;
}

/**
 * Joins a room and begins to play it.
 * @param context made in the handler of the tap that joins: browsers allow sound only there
 * @throws {RoomcastError}
 */
export async function enterRoom(
  roomcast: Roomcast,
  roomId: string,
  context: AudioContext,
  options: { invite?: string; signal: AbortSignal },
): Promise<JoinedRoom> {
  const [{ createPlayer }, room] = await Promise.all([
    import('@roomcast/client/player'),
    roomcast.join(roomId, options),
  ]);
  const player = createPlayer(room, roomcast.media, { context, workerUrl });
  options.signal.addEventListener('abort', () => {
    player.close();
    void context.close();
  });
  return { roomcast, room, player };
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
