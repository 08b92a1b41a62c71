/** The fields of a queued track that decide its position. */
export interface QueueEntry {
  id: string;
  uploader_id: string;
  vote_score: number;
  created_at: number;
  /** The position that the administrator gave it, from 1; null if votes decide. */
  placed_position: number | null;
}

/**
 * Whose tracks were played last, newest first: the uploader of the current track, then those of the history. Uploaders
 * take turns if it is given; null in rooms without `fair_turns`.
 */
export type Turns = readonly string[] | null;

type Compare = (a: QueueEntry, b: QueueEntry) => number;

const byTime: Compare = (a, b) => a.created_at - b.created_at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
const byVotesThenTime: Compare = (a, b) => b.vote_score - a.vote_score || byTime(a, b);

/**
 * The order in which uploaders take turns. A track's round is its rank among all queued tracks of its uploader, placed
 * ones included, so that placing one does not change the rounds of the others. Within a round: who was played last
 * comes last, so that votes give nobody two turns in a row; then votes; then who has waited longest, so that somebody
 * who came late is not overtaken in every round by those who came before.
 */
function byTurns(entries: readonly QueueEntry[], turns: readonly string[]): Compare {
  const rounds = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const { id, uploader_id } of [...entries].sort(byVotesThenTime)) {
    const round = (counts.get(uploader_id) ?? 0) + 1;
    counts.set(uploader_id, round);
    rounds.set(id, round);
  }
  const waited = new Map<string, number>();
  turns.forEach((uploader, index) => {
    if (!waited.has(uploader)) waited.set(uploader, index);
  });
  const wait = ({ uploader_id }: QueueEntry) => waited.get(uploader_id) ?? turns.length;
  const hadLastTurn = ({ uploader_id }: QueueEntry) => Number(uploader_id === turns[0]);
  return (a, b) =>
    rounds.get(a.id)! - rounds.get(b.id)! ||
    hadLastTurn(a) - hadLastTurn(b) ||
    b.vote_score - a.vote_score ||
    wait(b) - wait(a) ||
    byTime(a, b);
}

/**
 * Orders the queue by votes (highest first), then by time added; with `turns`, uploaders take turns. A placed track
 * stays at its position and the others fill the positions around it; a position beyond the end means the end.
 */
export function orderQueue<T extends QueueEntry>(entries: readonly T[], turns: Turns = null): T[] {
  const compare = turns ? byTurns(entries, turns) : byVotesThenTime;
  const unplaced = entries.filter((entry) => entry.placed_position === null).sort(compare);
  const placed = entries
    .filter((entry) => entry.placed_position !== null)
    .sort((a, b) => a.placed_position! - b.placed_position! || compare(a, b));
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
  turns: Turns = null,
): Map<string, number> {
  const moved = entries.find((entry) => entry.id === id);
  if (!moved) throw new RangeError(`track ${id} is not in the queue`);
  const ordered = orderQueue(entries, turns).filter((entry) => entry.id !== id);
  ordered.splice(Math.min(position, ordered.length + 1) - 1, 0, moved);
  const positions = new Map<string, number>();
  ordered.forEach((entry, index) => {
    if (entry.id === id || entry.placed_position !== null) positions.set(entry.id, index + 1);
  });
  return positions;
}
