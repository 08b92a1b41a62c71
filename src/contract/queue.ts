/** What decides a queued track's place. */
export interface QueueEntry {
  id: string;
  vote_score: number;
  created_at: number;
  /** The place the administrator gave it, from 1; null where votes decide. */
  placed_position: number | null;
}

const byVotesThenTime = (a: QueueEntry, b: QueueEntry): number =>
  b.vote_score - a.vote_score || a.created_at - b.created_at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/**
 * The order in which queued tracks come: votes, highest first, then time added; a placed track holds its
 * place while the others flow around it. A place beyond the end means the end.
 */
export function orderQueue<T extends QueueEntry>(entries: readonly T[]): T[] {
  const flowing = entries.filter((entry) => entry.placed_position === null).sort(byVotesThenTime);
  const placed = entries
    .filter((entry) => entry.placed_position !== null)
    .sort((a, b) => a.placed_position! - b.placed_position! || byVotesThenTime(a, b));
  const ordered: T[] = [];
  let next = 0;
  for (const entry of placed) {
    while (ordered.length < entry.placed_position! - 1 && next < flowing.length) {
      ordered.push(flowing[next++]!);
    }
    ordered.push(entry);
  }
  return ordered.concat(flowing.slice(next));
}

/**
 * The places of placed tracks after one of them is moved to `position`: the moved one holds it, the others
 * keep the places they have once it stands there.
 * @returns the new `placed_position` by track id, for every track that is placed now
 */
export function placeInQueue(
  entries: readonly QueueEntry[],
  id: string,
  position: number,
): Map<string, number> {
  const moved = entries.find((entry) => entry.id === id);
  if (!moved) throw new RangeError(`track ${id} is not in the queue`);
  const ordered = orderQueue(entries).filter((entry) => entry.id !== id);
  ordered.splice(Math.min(position, ordered.length + 1) - 1, 0, moved);
  const places = new Map<string, number>();
  ordered.forEach((entry, index) => {
    if (entry.id === id || entry.placed_position !== null) places.set(entry.id, index + 1);
  });
  return places;
}
