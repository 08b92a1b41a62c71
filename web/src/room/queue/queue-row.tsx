import { ActionIcon } from '@mantine/core';
import type { Track } from '@roomcast/client';
import { IconPlayerPlayFilled, IconX } from '@tabler/icons-react';
import { memo, type ReactNode, type Ref } from 'react';
import { useTexts } from '../../i18n/language.js';
import { useJoinedRoom, useRoomState } from '../joined-room.js';
import { Cover } from '../playing/cover.js';
import { useIsAdministrator, useMay } from '../room-features.js';
import { useRun } from '../room-tools.js';
import classes from './queue-row.module.css';
import { VoteButton } from './vote-button.js';

/** Pixels; the motion of rows and the long list count on it. `queue-row.module.css` has the same. */
export const rowHeight = 64;

export interface QueueRowProps {
  readonly track: Track;
  readonly position: number;
}

/** A track that waits in the queue. */
export const QueueRow = memo(function QueueRow({
  track,
  position,
  handle,
  ref,
  ...row
}: QueueRowProps & {
  /** What the administrator drags the row by. */
  handle?: ReactNode;
  ref?: Ref<HTMLDivElement>;
  style?: React.CSSProperties;
  'data-dragged'?: boolean;
}) {
  const { room: text } = useTexts();
  const { room } = useJoinedRoom();
  const run = useRun();
  const isAdministrator = useIsAdministrator();
  const mayControl = useMay('playback_control');
  const mayRemove = isAdministrator || track.uploader.id === room.user.id;
  return (
    <div ref={ref} className={classes.row} data-track-id={track.id} {...row}>
      {handle ?? <span className={classes.position}>{position}</span>}
      <span className={classes.coverBox}>
        <Cover track={track} size={96} className={classes.cover} />
        {mayControl && (
          <button
            type="button"
            className={classes.play}
            aria-label={text.playNow(track.title)}
            onClick={() => run(room.play(track.id))}
          >
            <IconPlayerPlayFilled size={18} />
          </button>
        )}
      </span>
      <span className={classes.texts}>
        <span className={classes.title} dir="auto" title={track.title}>
          {track.title}
        </span>
        <span className={classes.by}>
          {track.artist !== null && <bdi>{track.artist}</bdi>}
          {track.artist !== null && ' · '}
          <bdi>{track.uploader.username}</bdi>
        </span>
      </span>
      <TrackVote track={track} />
      {mayRemove && (
        <ActionIcon
          size={36}
          radius="xl"
          variant="subtle"
          color="gray"
          className={classes.remove}
          aria-label={text.remove(track.title)}
          onClick={() => run(room.removeTrack(track.id))}
        >
          <IconX size={18} />
        </ActionIcon>
      )}
    </div>
  );
});

function TrackVote({ track }: { track: Track }) {
  const isVoted = useRoomState((state) => state.my_votes.includes(track.id));
  return <VoteButton id={track.id} title={track.title} score={track.vote_score} isVoted={isVoted} />;
}
