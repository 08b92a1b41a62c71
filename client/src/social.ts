import type { RoomReaction } from './contract.js';

/** The reactions that `room.react` sends. */
export const reactions = [
  '❤️',
  '🔥',
  '👏',
  '😂',
  '😮',
  '🎉',
  '🙏',
  '👎',
] as const satisfies readonly RoomReaction[];

/**
 * How many votes skip the current track.
 * @param share `settings.skip_vote_share` of the room
 * @param onlineCount `online_count` of the room
 */
export const skipVotesNeeded = (share: number, onlineCount: number): number =>
  Math.max(1, Math.ceil(Math.round(share * onlineCount * 1e6) / 1e6));
