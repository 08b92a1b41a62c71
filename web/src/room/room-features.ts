import type { Track } from '@roomcast/client';
import { useJoinedRoom, useRoomState } from './joined-room.js';

/** What newer servers know of a track; the room works, with less, where it is missing. */
interface TrackFeatures {
  readonly cover_color?: string | null;
  readonly has_waveform?: boolean;
}

export const featuresOf = (track: Track): Track & TrackFeatures => track;

export function useIsAdministrator(): boolean {
  const { room } = useJoinedRoom();
  return useRoomState((state) => state.administrator?.id) === room.user.id;
}

/** Whether the settings of the room let this user do something. */
export function useMay(permission: 'playback_control' | 'upload' | 'vote'): boolean {
  const isAdministrator = useIsAdministrator();
  return useRoomState((state) => state.settings[permission] === 'everyone') || isAdministrator;
}
