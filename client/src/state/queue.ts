import type { Track } from '../contract.js';

const byVotesThenTime = (a: Track, b: Track): number =>
  b.vote_score - a.vote_score || a.created_at - b.created_at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/**
 * Orders a queue in which a track was added or its votes have changed: votes, highest first, then time added. A track
 * that the administrator placed keeps its position, which is its index here; the others fill the positions between.
 * docs/architecture.md of the server, The queue, has the rule.
 */
export function orderQueue(queue: readonly Track[]): readonly Track[] {
  const flowing = queue.filter(({ placed }) => !placed).sort(byVotesThenTime);
  let next = 0;
  return queue.map((track) => (track.placed ? track : flowing[next++]!));
}

/** @param position from 1; beyond the end means the end */
export function moveInQueue(queue: readonly Track[], trackId: string, position: number): readonly Track[] {
  const track = queue.find(({ id }) => id === trackId);
  if (!track) return queue;
  const others = queue.filter((other) => other !== track);
  const index = Math.min(position, queue.length) - 1;
  return [...others.slice(0, index), { ...track, placed: true }, ...others.slice(index)];
}
