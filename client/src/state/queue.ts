import type { Track } from '../contract.js';
import type { RoomView } from './room-view.js';

/** Uploaders of the tracks that were played last, newest first; null if uploaders do not take turns in the room. */
export type Turns = readonly string[] | null;

type Compare = (a: Track, b: Track) => number;

const byTime: Compare = (a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
const byVotesThenTime: Compare = (a, b) => b.vote_score - a.vote_score || byTime(a, b);

/** By rounds of turns. The same as in src/contract/queue.ts of the server, which says why. */
function byTurns(queue: readonly Track[], turns: readonly string[]): Compare {
  const rounds = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const { id, uploader } of [...queue].sort(byVotesThenTime)) {
    const round = (counts.get(uploader.id) ?? 0) + 1;
    counts.set(uploader.id, round);
    rounds.set(id, round);
  }
  const wait = ({ uploader }: Track) => {
    const index = turns.indexOf(uploader.id);
    return index === -1 ? turns.length : index;
  };
  const hadLastTurn = ({ uploader }: Track) => Number(uploader.id === turns[0]);
  return (a, b) =>
    rounds.get(a.id)! - rounds.get(b.id)! ||
    hadLastTurn(a) - hadLastTurn(b) ||
    b.vote_score - a.vote_score ||
    wait(b) - wait(a) ||
    byTime(a, b);
}

/**
 * Orders a queue in which a track was added or its votes have changed: votes, highest first, then time added; or turns. A
 * track that the administrator placed keeps its position, which is its index here; the others fill the positions between.
 * docs/architecture.md of the server, The queue, has the rule.
 */
export function orderQueue(queue: readonly Track[], turns: Turns = null): readonly Track[] {
  const flowing = queue.filter(({ placed }) => !placed).sort(turns ? byTurns(queue, turns) : byVotesThenTime);
  let next = 0;
  return queue.map((track) => (track.placed ? track : flowing[next++]!));
}

/** The state with its queue in order; the same state if it was. */
export function ordered(state: RoomView): RoomView {
  const { settings, current_track, history } = state;
  // Servers of version 1 have no such setting.
  const turns = settings.fair_turns
    ? [...(current_track ? [current_track] : []), ...history].map(({ uploader }) => uploader.id)
    : null;
  const queue = orderQueue(state.queue, turns);
  return queue.every((track, index) => track === state.queue[index]) ? state : { ...state, queue };
}

/** @param position from 1; beyond the end means the end */
export function moveInQueue(queue: readonly Track[], trackId: string, position: number): readonly Track[] {
  const track = queue.find(({ id }) => id === trackId);
  if (!track) return queue;
  const others = queue.filter((other) => other !== track);
  const index = Math.min(position, queue.length) - 1;
  return [...others.slice(0, index), { ...track, placed: true }, ...others.slice(index)];
}
