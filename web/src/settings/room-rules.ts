import type { RoomSettings } from '@roomcast/client';
import { useJoinedRoom, useRoomState } from '../room/joined-room.js';

/** What newer servers add to the settings; a server without a field does not offer it, and it is not shown. */
interface NewerSettings {
  readonly skip_vote_share?: number | null;
  readonly max_tracks_per_user?: number | null;
  readonly fair_turns?: boolean;
  readonly fallback?: 'off' | 'history';
  readonly repeat?: 'off' | 'track' | 'queue';
  readonly level_loudness?: boolean;
}

export type Rules = RoomSettings & NewerSettings;
export type RulesUpdate = Partial<Rules>;

/** The limits of the server. */
export const maxTracksPerUser = 500;
export const maxNameLength = 100;

export const useRules = (): Rules => useRoomState((state) => state.settings);

export function useIsAdministrator(): boolean {
  const { room } = useJoinedRoom();
  return useRoomState((state) => state.administrator?.id) === room.user.id;
}

/** How many of the people here have to vote before a track is skipped. */
export const votesNeeded = (share: number, onlineCount: number): number =>
  // Shares are tenths: 0.1 * 30 must not become 4 votes.
  Math.max(1, Math.ceil(Math.round(share * onlineCount * 1e6) / 1e6));
