import type { Participant, User } from '../contract.js';
import type { RoomcastEvent } from '../wire.js';
import { moveInQueue, ordered } from './queue.js';
import type { RoomView, Viewer } from './room-view.js';
import {
  addToQueue,
  advance,
  removeTrack,
  renameUser,
  replaceTrack,
  withSkipVote,
  without,
  withVote,
} from './tracks.js';

/**
 * The state after an event; the same object if it changes nothing. Pure, and equal to the state that the server has
 * at the event's sequence. Types that this version does not know change nothing.
 */
export function fold(state: RoomView, event: RoomcastEvent, viewer: Viewer): RoomView {
  switch (event.type) {
    case 'user_joined': {
      const { user, participant_count } = event.data;
      const joined = { ...user, joined_at: event.data.timestamp };
      const participants = insert(without(state.participants, user.id), joined, byJoining);
      return { ...state, participants, participant_count };
    }
    case 'user_left': {
      const { user, participant_count } = event.data;
      // Still online until their connections are closed, which raises an event of its own.
      return {
        ...state,
        participants: without(state.participants, user.id),
        participant_count,
        skip_voters: state.skip_voters.includes(user.id)
          ? state.skip_voters.filter((id) => id !== user.id)
          : state.skip_voters,
      };
    }
    case 'user_connected_websocket': {
      const { user, online_count } = event.data;
      const online_users = insert(without(state.online_users, user.id), user, byId);
      return { ...state, online_users, online_count };
    }
    case 'user_disconnected_websocket': {
      const { user, online_count } = event.data;
      return { ...state, online_users: without(state.online_users, user.id), online_count };
    }
    case 'user_updated':
      return renameUser(state, event.data.user);
    case 'listeners_updated': {
      const { online_count, listening_count } = event.data;
      return { ...state, online_count, listening_count };
    }
    case 'track_added':
      return addToQueue(state, event.data.track);
    case 'track_voted':
    case 'track_unvoted': {
      const { track, voter } = event.data;
      const next = replaceTrack(state, track);
      return voter.id === viewer.userId ? withVote(next, track.id, event.type === 'track_voted') : next;
    }
    case 'track_removed':
      return removeTrack(state, event.data.track.id);
    case 'queue_reordered':
      return { ...state, queue: moveInQueue(state.queue, event.data.track_id, event.data.queue_position) };
    case 'skip_voted':
      return withSkipVote(state, event.data.user.id);
    case 'playback_started': {
      const { track, playback } = event.data;
      const previous = state.current_track?.id === track.id ? null : state.current_track;
      return { ...advance(state, track, previous && { ...previous, status: 'played' }), playback };
    }
    case 'playback_paused':
    case 'playback_resumed':
    case 'playback_stopped':
    case 'playback_seeked':
      return { ...state, playback: event.data.playback };
    case 'track_skipped': {
      const { previous_track, track, playback, reason } = event.data;
      const isOver = reason !== 'removed' && previous_track.id !== track?.id;
      return { ...advance(state, track, isOver ? previous_track : null), playback };
    }
    case 'room_state_updated':
      return ordered({ ...state, ...event.data.room });
    case 'room_created':
    case 'room_deleted':
    case 'server_status':
    case 'reaction_sent':
    case 'error':
      return state;
    default:
      return unknownType(event, state);
  }
}

/** Exhaustive for the compiler: an event type of the contract that is not folded does not compile. */
const unknownType = (_event: never, state: RoomView): RoomView => state;

function insert<T>(list: readonly T[], item: T, compare: (a: T, b: T) => number): readonly T[] {
  const index = list.findIndex((other) => compare(other, item) > 0);
  return index === -1 ? [...list, item] : [...list.slice(0, index), item, ...list.slice(index)];
}

const byId = (a: User, b: User): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
const byJoining = (a: Participant, b: Participant): number => a.joined_at - b.joined_at || byId(a, b);
