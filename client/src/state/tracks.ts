import type { Track, User } from '../contract.js';
import { orderQueue } from './queue.js';
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
  return next.queue === state.queue ? next : { ...next, queue: orderQueue(next.queue) };
}

/** Takes a track out of the room. */
export const removeTrack = (state: RoomView, trackId: string): RoomView =>
  knownVotes({
    ...state,
    current_track: state.current_track?.id === trackId ? null : state.current_track,
    queue: without(state.queue, trackId),
    history: without(state.history, trackId),
  });

/**
 * Makes a track the current one, or none. It leaves the queue or the history.
 * @param played the track that moves to the history
 */
export function advance(state: RoomView, track: Track | null, played: Track | null): RoomView {
  const history = track ? without(state.history, track.id) : state.history;
  return knownVotes({
    ...state,
    current_track: track,
    queue: track ? without(state.queue, track.id) : state.queue,
    history: played ? [played, ...without(history, played.id)].slice(0, historyLength) : history,
  });
}

/** Sets whether this user has voted for a track. */
export function withVote(state: RoomView, trackId: string, voted: boolean): RoomView {
  if (state.my_votes.includes(trackId) === voted) return state;
  const my_votes = voted ? [...state.my_votes, trackId] : state.my_votes.filter((id) => id !== trackId);
  return knownVotes({ ...state, my_votes });
}

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

/** Forgets votes for tracks that are not in the state any more, which would otherwise grow without a limit. */
function knownVotes(state: RoomView): RoomView {
  const isKnown = (id: string) =>
    state.current_track?.id === id ||
    state.queue.some((track) => track.id === id) ||
    state.history.some((track) => track.id === id);
  return state.my_votes.every(isKnown) ? state : { ...state, my_votes: state.my_votes.filter(isKnown) };
}
