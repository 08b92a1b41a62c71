import { ActionIcon, Button } from '@mantine/core';
import { skipVotesNeeded } from '@roomcast/client';
import { IconPlayerPauseFilled, IconPlayerPlayFilled, IconPlayerTrackNextFilled } from '@tabler/icons-react';
import { useTexts } from '../../i18n/language.js';
import { useJoinedRoom, useRoomState } from '../joined-room.js';
import { useMay } from '../permissions.js';
import { useRun } from '../room-tools.js';
import classes from './transport.module.css';

/** Play, pause and skip, for who may; otherwise voting to skip, where the room has that. */
export function Transport() {
  const mayControl = useMay('playback_control');
  // Servers before this setting do not send it.
  const share = useRoomState((state) => state.settings.skip_vote_share ?? null);
  const hasTrack = useRoomState((state) => state.current_track !== null);
  return (
    <div className={classes.transport}>
      {mayControl && <PlayButton size={64} />}
      {mayControl && <SkipButton />}
      {share !== null && hasTrack && <SkipVoteButton share={share} />}
    </div>
  );
}

export function PlayButton({ size }: { size: number }) {
  const { room: text } = useTexts();
  const { room } = useJoinedRoom();
  const run = useRun();
  const status = useRoomState((state) => state.playback.status);
  const hasMusic = useRoomState((state) => state.current_track !== null || state.queue.length > 0);
  const isPlaying = status === 'playing';
  const toggle = () => {
    if (isPlaying) run(room.pause());
    else run(status === 'paused' ? room.resume() : room.play());
  };
  return (
    <ActionIcon
      size={size}
      radius="xl"
      variant="filled"
      aria-label={isPlaying ? text.pause : text.play}
      disabled={!hasMusic}
      onClick={toggle}
    >
      {isPlaying ? <IconPlayerPauseFilled size="45%" /> : <IconPlayerPlayFilled size="45%" />}
    </ActionIcon>
  );
}

function SkipButton() {
  const { room: text } = useTexts();
  const { room } = useJoinedRoom();
  const run = useRun();
  const hasTrack = useRoomState((state) => state.current_track !== null);
  return (
    <ActionIcon
      size={52}
      radius="xl"
      variant="subtle"
      color="var(--mantine-color-text)"
      aria-label={text.skip}
      disabled={!hasTrack}
      onClick={() => run(room.skip())}
    >
      <IconPlayerTrackNextFilled size="48%" />
    </ActionIcon>
  );
}

function SkipVoteButton({ share }: { share: number }) {
  const { room: text } = useTexts();
  const { room } = useJoinedRoom();
  const run = useRun();
  const voters = useRoomState((state) => state.skip_voters);
  const online = useRoomState((state) => state.online_count);
  const hasVoted = voters.includes(room.user.id);
  return (
    <Button
      variant={hasVoted ? 'light' : 'default'}
      radius="xl"
      h={44}
      aria-pressed={hasVoted}
      leftSection={<IconPlayerTrackNextFilled size={16} aria-hidden />}
      onClick={() => {
        if (!hasVoted) run(room.voteSkip());
      }}
    >
      {text.skipVote}
      <span className={classes.count}>{text.skipVotes(voters.length, skipVotesNeeded(share, online))}</span>
    </Button>
  );
}
