import { ActionIcon } from '@mantine/core';
import { IconMaximize, IconX } from '@tabler/icons-react';
import { useLocation } from 'wouter';
import { useTexts } from '../i18n/language.js';
import { useJoinedRoom } from '../room/joined-room.js';
import { primeSound } from '../session/sound.js';
import classes from './tv.module.css';

/** What can be done at the screen. Shown while the pointer moves or a key is pressed. */
export function TvTools({ isShown }: { isShown: boolean }) {
  const { tv: text } = useTexts();
  const { room } = useJoinedRoom();
  const [, navigate] = useLocation();
  const toggleFullScreen = () => {
    const change = document.fullscreenElement
      ? document.exitFullscreen()
      : document.documentElement.requestFullscreen();
    // Some browsers refuse it.
    change.catch(() => undefined);
  };
  const leave = () => {
    primeSound();
    if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
    navigate(`/rooms/${room.id}`);
  };
  return (
    <div className={classes.tools} data-shown={isShown}>
      {'requestFullscreen' in document.documentElement && (
        <ActionIcon
          size={56}
          radius="xl"
          variant="default"
          aria-label={text.fullScreen}
          onClick={toggleFullScreen}
        >
          <IconMaximize size={28} />
        </ActionIcon>
      )}
      <ActionIcon size={56} radius="xl" variant="default" aria-label={text.leave} onClick={leave}>
        <IconX size={28} />
      </ActionIcon>
    </div>
  );
}
