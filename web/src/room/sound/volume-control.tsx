import { ActionIcon } from '@mantine/core';
import { IconVolume, IconVolume2, IconVolumeOff } from '@tabler/icons-react';
import { useTexts } from '../../i18n/language.js';
import { useStore } from '../../stores/use-store.js';
import { useRoomTools } from '../room-tools.js';
import range from './range.module.css';
import classes from './volume-control.module.css';

/** Volume and mute of this device; others hear as before. */
export function VolumeControl() {
  const { room: text } = useTexts();
  const { sound } = useRoomTools();
  const { volume, muted } = useStore(sound);
  const shown = muted ? 0 : volume;
  return (
    <div className={classes.volume}>
      <MuteButton />
      <input
        type="range"
        className={range.range}
        aria-label={text.volume}
        min={0}
        max={100}
        value={Math.round(shown * 100)}
        style={{ '--filled': `${shown * 100}%` } as React.CSSProperties}
        onChange={({ currentTarget }) => sound.setVolume(Number(currentTarget.value) / 100)}
      />
    </div>
  );
}

export function MuteButton() {
  const { room: text } = useTexts();
  const { sound } = useRoomTools();
  const { volume, muted } = useStore(sound);
  const Icon = muted || volume === 0 ? IconVolumeOff : volume < 0.5 ? IconVolume2 : IconVolume;
  return (
    <ActionIcon
      size={44}
      radius="xl"
      variant="subtle"
      color="var(--mantine-color-text)"
      aria-label={text.mute}
      aria-pressed={muted}
      onClick={() => sound.toggleMuted()}
    >
      <Icon size={22} />
    </ActionIcon>
  );
}
