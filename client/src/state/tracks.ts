import type { Track, User } from '../contract.js';
import { ordered } from './queue.js';
import { historyLength, type RoomView } from './room-view.js';

/** The list with each item replaced by `change`; the same list if that changed none. */
export function mapShared<T>(list: readonly T[], change: (item: T) => T): readonly T[] {
  let copy: T[] | undefined;
  for (const [index, item] of list.entries()) {
    const changed = change(item);
    if (changed !== item) (copy ??= [...list])[index] = changed;
  }
  return copy ?? list;
}

export function without<T extends { readonly id: string }>(list: readonly T[], id: string): readonly T[] {
  return list.some((item) => item.id === id) ? list.filter((item) => item.id !== id) : list;
}

/** Changes every track of a state. */
export function mapTracks(state: RoomView, change: (track: Track) => Track): RoomView {
  const current_track = state.current_track && change(state.current_track);
  const queue = mapShared(state.queue, change);
  const history = mapShared(state.history, change);
  if (current_track === state.current_track && queue === state.queue && history === state.history) {
    return state;
  }
  return { ...state, current_track, queue, history };
}

/** Replaces a track whose votes have changed, wherever it is. */
export function replaceTrack(state: RoomView, track: Track): RoomView {
  const next = mapTracks(state, (other) => (other.id === track.id ? track : other));
  return next.queue === state.queue ? next : ordered(next);
}

/** Takes a track out of the room. */
export const removeTrack = (state: RoomView, trackId: string): RoomView =>
  settled({
    ...state,
    current_track: state.current_track?.id === trackId ? null : state.current_track,
    queue: without(state.queue, trackId),
    history: without(state.history, trackId),
  });

/** Adds a track to the queue, from wherever it was. */
export const addToQueue = (state: RoomView, track: Track): RoomView =>
  settled({
    ...state,
    queue: [...without(state.queue, track.id), track],
    history: without(state.history, track.id),
  });

/**
 * Makes a track the current one, or none. It leaves the queue or the history, and the votes to skip are over.
 * @param previous the track that was the current one and moves to the history, or, as its status says, to the queue;
 * null if it goes nowhere
 */
export function advance(state: RoomView, track: Track | null, previous: Track | null): RoomView {
  const queue = track ? without(state.queue, track.id) : state.queue;
  const history = track ? without(state.history, track.id) : state.history;
  const isQueued = previous?.status === 'queued';
  return settled({
    ...state,
    current_track: track,
    queue: isQueued ? [...queue, previous] : queue,
    history:
      previous && !isQueued ? [previous, ...without(history, previous.id)].slice(0, historyLength) : history,
    skip_voters: state.skip_voters.length === 0 ? state.skip_voters : [],
  });
}

/** Sets whether this user has voted for a track. */
export function withVote(state: RoomView, trackId: string, voted: boolean): RoomView {
  if (state.my_votes.includes(trackId) === voted) return state;
  const my_votes = voted ? [...state.my_votes, trackId] : state.my_votes.filter((id) => id !== trackId);
  return knownVotes({ ...state, my_votes });
}

/** Adds a user to those who have voted to skip the current track. */
export const withSkipVote = (state: RoomView, userId: string): RoomView =>
  state.skip_voters.includes(userId)
    ? state
    : { ...state, skip_voters: [...state.skip_voters, userId].sort() };

/** Names of users are in several places of a state. */
export function renameUser(state: RoomView, user: User): RoomView {
  const same = ({ id }: { readonly id: string }) => id === user.id;
  const rename = (track: Track): Track =>
    same(track.uploader) ? { ...track, uploader: { id: user.id, username: user.username } } : track;
  return {
    ...mapTracks(state, rename),
    administrator: state.administrator && same(state.administrator) ? user : state.administrator,
    participants: mapShared(state.participants, (one) => (same(one) ? { ...one, ...user } : one)),
    online_users: mapShared(state.online_users, (one) => (same(one) ? user : one)),
  };
}

/** After tracks have moved: the order of the queue, which depends on what was played too, and the votes. */
const settled = (state: RoomView): RoomView => knownVotes(ordered(state));

/**
 * Forgets votes for tracks that are not in the state any more, which would otherwise grow without a limit, and for those
 * that have no votes any more.
 */
function knownVotes(state: RoomView): RoomView {
  const { current_track: current, queue, history } = state;
  const isKnown = (id: string) => {
    const isVoted = (track: Track) => track.id === id && track.vote_score > 0;
    return (current && isVoted(current)) || queue.some(isVoted) || history.some(isVoted);
  };
  return state.my_votes.every(isKnown) ? state : { ...state, my_votes: state.my_votes.filter(isKnown) };
}
