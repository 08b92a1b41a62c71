import type { RoomSettings } from '@roomcast/client';
import { useJoinedRoom, useRoomState } from '../room/joined-room.js';

/** The limits of the server. */
export const maxTracksPerUser = 500;
export const maxNameLength = 100;

export const useRules = (): RoomSettings => useRoomState((state) => state.settings);

export function useIsAdministrator(): boolean {
  const { room } = useJoinedRoom();
  return useRoomState((state) => state.administrator?.id) === room.user.id;
}
