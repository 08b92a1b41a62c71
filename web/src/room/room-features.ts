import type { Room, Track } from '@roomcast/client';
import { useJoinedRoom, useRoomState } from './joined-room.js';

/*
 * What newer servers add to rooms and tracks. All of it is optional here: the room works, with less, where it is missing.
 */

interface TrackFeatures {
  readonly cover_color?: string | null;
  readonly has_waveform?: boolean;
}

interface SettingsFeatures {
  readonly skip_vote_share?: number | null;
}

interface StateFeatures {
  readonly skip_voters?: readonly string[];
}

interface CommandFeatures {
  voteSkip?(): Promise<unknown>;
  react?(reaction: string): Promise<unknown>;
  queueAgain?(trackId: string): Promise<unknown>;
}

export const featuresOf = (track: Track): Track & TrackFeatures => track;
export const commandsOf = (room: Room): Room & CommandFeatures => room;

/** The share of the people online whose votes skip a track; null: votes do not skip. */
export const useSkipVoteShare = (): number | null =>
  useRoomState((state) => (state.settings as SettingsFeatures).skip_vote_share ?? null);

const nobody: readonly string[] = [];
export const useSkipVoters = (): readonly string[] =>
  useRoomState((state) => (state as StateFeatures).skip_voters ?? nobody);

export const skipVotesNeeded = (share: number, onlineCount: number): number =>
  Math.max(1, Math.ceil(share * onlineCount));

export const reactions = ['❤️', '🔥', '👏', '😂', '😮', '🎉', '🙏', '👎'] as const;

export function useIsAdministrator(): boolean {
  const { room } = useJoinedRoom();
  return useRoomState((state) => state.administrator?.id) === room.user.id;
}

/** Whether the settings of the room let this user do something. */
export function useMay(permission: 'playback_control' | 'upload' | 'vote'): boolean {
  const isAdministrator = useIsAdministrator();
  return useRoomState((state) => state.settings[permission] === 'everyone') || isAdministrator;
}
