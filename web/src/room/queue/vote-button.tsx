import { IconChevronUp } from '@tabler/icons-react';
import { useTexts } from '../../i18n/language.js';
import { useJoinedRoom } from '../joined-room.js';
import { useMay } from '../permissions.js';
import { useRun } from '../room-tools.js';
import classes from './vote-button.module.css';

/** Votes for a track, or withdraws the vote; it shows at once what it will be. */
export function VoteButton({
  id,
  title,
  score,
  isVoted,
}: {
  id: string;
  title: string;
  score: number;
  isVoted: boolean;
}) {
  const { room: text } = useTexts();
  const { room } = useJoinedRoom();
  const run = useRun();
  const mayVote = useMay('vote');
  return (
    <button
      type="button"
      className={classes.vote}
      aria-pressed={isVoted}
      aria-label={`${text.vote(title)}, ${text.votes(score)}`}
      disabled={!mayVote}
      onClick={() => run(isVoted ? room.unvote(id) : room.vote(id))}
    >
      <IconChevronUp size={20} stroke={2.4} aria-hidden />
      <span>{score}</span>
    </button>
  );
}
