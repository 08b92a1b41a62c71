import { ActionIcon } from '@mantine/core';
import type { Track } from '@roomcast/client';
import { IconPlayerPlayFilled, IconX } from '@tabler/icons-react';
import { type CSSProperties, memo, type MouseEvent, type ReactNode, type Ref } from 'react';
import { useTexts } from '../../i18n/language.js';
import { useJoinedRoom, useRoomState } from '../joined-room.js';
import { Cover } from '../playing/cover.js';
import { useIsAdministrator, useMay } from '../permissions.js';
import { useRun } from '../room-tools.js';
import { keepFocus, removeControl } from './keep-focus.js';
import classes from './queue-row.module.css';
import { TrackTexts } from './track-texts.js';
import { VoteButton } from './vote-button.js';

/** Pixels; the motion of rows and the long list count on it. `queue-row.module.css` has the same. */
export const rowHeight = 64;

export interface QueueRowProps {
  readonly track: Track;
  /** 1 is next. */
  readonly position: number;
}

/** A track that waits in the queue. */
export function QueueRow({
  track,
  position,
  handle,
  isDragged = false,
  ...row
}: QueueRowProps & {
  /** What the administrator drags the row by. */
  handle?: ReactNode;
  isDragged?: boolean;
  ref?: Ref<HTMLDivElement>;
  style?: CSSProperties;
}) {
  return (
    <div className={classes.row} data-track-id={track.id} data-dragged={isDragged} {...row}>
      {handle ?? <span className={classes.position}>{position}</span>}
      <RowContent track={track} />
    </div>
  );
}

/** Apart, because it stays the same while rows move. */
const RowContent = memo(function RowContent({ track }: { track: Track }) {
  const { room: text } = useTexts();
  const { room } = useJoinedRoom();
  const run = useRun();
  const isAdministrator = useIsAdministrator();
  const mayControl = useMay('playback_control');
  const isVoted = useRoomState((state) => state.my_votes.includes(track.id));
  const mayRemove = isAdministrator || track.uploader.id === room.user.id;
  const remove = ({ currentTarget }: MouseEvent<HTMLElement>) =>
    keepFocus(currentTarget, () => run(room.removeTrack(track.id)));
  return (
    <>
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
      <TrackTexts track={track} />
      <VoteButton id={track.id} title={track.title} score={track.vote_score} isVoted={isVoted} />
      {mayRemove && (
        <ActionIcon
          size={36}
          radius="xl"
          variant="subtle"
          color="gray"
          className={classes.remove}
          aria-label={text.remove(track.title)}
          {...{ [removeControl]: true }}
          onClick={remove}
        >
          <IconX size={18} />
        </ActionIcon>
      )}
    </>
  );
});
