/** The reactions that `react` accepts. */
export const reactions = ['❤️', '🔥', '👏', '😂', '😮', '🎉', '🙏', '👎'] as const;
export type RoomReaction = (typeof reactions)[number];

/**
 * How many votes skip the current track.
 * @param share `skip_vote_share` of the room's settings
 * @param onlineCount number of users who are online
 */
export const skipVotesNeeded = (share: number, onlineCount: number): number =>
  // Rounded first: 0.7 × 10 is a little more than 7 in floating point.
  Math.max(1, Math.ceil(Math.round(share * onlineCount * 1e6) / 1e6));
