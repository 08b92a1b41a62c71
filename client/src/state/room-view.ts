import type { RoomState, Track } from '../contract.js';
import type { Established, RoomStateOnWire } from '../wire.js';

/** The state of a room as this user sees it. Immutable; parts that did not change are the same objects as before. */
export type RoomView = RoomState & {
  /** The tracks that were played last, newest first: at most 20. Empty on servers of version 1. */
  readonly history: readonly Track[];
  /** Ids of the tracks in this state that this user has voted for. */
  readonly my_votes: readonly string[];
  /** Ids of the users who have voted to skip the current track. */
  readonly skip_voters: readonly string[];
  /** How many online users hear the music; null until the server has said so. */
  readonly listening_count: number | null;
};

/** What folding needs to know besides: whose view it is. */
export interface Viewer {
  readonly userId: string;
}

/** How many tracks the history has at most. */
export const historyLength = 20;

/**
 * The state that a connection begins with.
 * @param before the state so far, for what the server does not send: votes (version 1), the number of listeners
 */
export const viewOf = (
  room: RoomStateOnWire,
  votes: Established['my_votes'],
  before: RoomView | undefined,
): RoomView => ({
  ...room,
  history: room.history ?? [],
  skip_voters: room.skip_voters ?? [],
  my_votes: votes ?? before?.my_votes ?? [],
  listening_count: before?.listening_count ?? null,
});
