/** The fields of a queued track that decide its position. */
export interface QueueEntry {
  id: string;
  vote_score: number;
  created_at: number;
  /** The position that the administrator gave it, from 1; null if votes decide. */
  placed_position: number | null;
}

const byVotesThenTime = (a: QueueEntry, b: QueueEntry): number =>
  b.vote_score - a.vote_score || a.created_at - b.created_at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/**
 * Orders the queue by votes (highest first), then by time added. A placed track stays at its position and the others
 * fill the positions around it; a position beyond the end means the end.
 */
export function orderQueue<T extends QueueEntry>(entries: readonly T[]): T[] {
  const unplaced = entries.filter((entry) => entry.placed_position === null).sort(byVotesThenTime);
  const placed = entries
    .filter((entry) => entry.placed_position !== null)
    .sort((a, b) => a.placed_position! - b.placed_position! || byVotesThenTime(a, b));
  const ordered: T[] = [];
  let next = 0;
  for (const entry of placed) {
    while (ordered.length < entry.placed_position! - 1 && next < unplaced.length) {
      ordered.push(unplaced[next++]!);
    }
    ordered.push(entry);
  }
  return ordered.concat(unplaced.slice(next));
}

/**
 * Moves a track to `position`. The other placed tracks keep the positions that they have after the move.
 * @returns the new `placed_position` by track id, of the moved track and every other placed one
 * @throws {RangeError} if the track is not in the queue
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
  const positions = new Map<string, number>();
  ordered.forEach((entry, index) => {
    if (entry.id === id || entry.placed_position !== null) positions.set(entry.id, index + 1);
  });
  return positions;
}
