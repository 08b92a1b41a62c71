import { Text, VisuallyHidden } from '@mantine/core';
import { useRef } from 'react';
import { useTexts } from '../../i18n/language.js';
import { useRoomState } from '../joined-room.js';
import { useMay } from '../permissions.js';
import { MuteButton } from '../sound/volume-control.js';
import { Cover } from './cover.js';
import { useEachPosition } from './each-position.js';
import classes from './mini-player.module.css';
import { PlayButton } from './transport.js';

/** What plays, in one line above the tabs of a phone, while the large player is out of sight. */
export function MiniPlayer({ onOpen }: { onOpen: () => void }) {
  const { room: text } = useTexts();
  const track = useRoomState((state) => state.current_track);
  const mayControl = useMay('playback_control');
  const line = useRef<HTMLDivElement>(null);
  const last = useRef(-1);
  useEachPosition((position, duration) => {
    const played = duration > 0 ? Math.round((position / duration) * 1000) : 0;
    if (played !== last.current) line.current?.style.setProperty('--played', String(played / 1000));
    last.current = played;
  });
  if (!track) return null;
  return (
    <div className={classes.mini}>
      <div ref={line} className={classes.line} />
      <button type="button" className={classes.open} onClick={onOpen}>
        <VisuallyHidden>{text.nowPlaying}:</VisuallyHidden>
        <Cover track={track} size={96} className={classes.cover} />
        <span className={classes.texts}>
          <Text component="span" fw={600} size="sm" truncate dir="auto">
            {track.title}
          </Text>
          <Text component="span" size="xs" c="dimmed" truncate dir="auto">
            {track.artist ?? track.uploader.username}
          </Text>
        </span>
      </button>
      <MuteButton />
      {mayControl && <PlayButton size={44} />}
    </div>
  );
}
