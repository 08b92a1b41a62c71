import { useJoinedRoom, useRoomState } from './joined-room.js';

export function useIsAdministrator(): boolean {
  const { room } = useJoinedRoom();
  return useRoomState((state) => state.administrator?.id) === room.user.id;
}

/** Whether the settings of the room let this user do something. */
export function useMay(permission: 'playback_control' | 'upload' | 'vote'): boolean {
  const isAdministrator = useIsAdministrator();
  return useRoomState((state) => state.settings[permission] === 'everyone') || isAdministrator;
}
