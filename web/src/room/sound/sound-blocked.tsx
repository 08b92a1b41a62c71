import { Button, Text } from '@mantine/core';
import { IconVolume } from '@tabler/icons-react';
import { useTexts } from '../../i18n/language.js';
import { useStore } from '../../stores/use-store.js';
import { useJoinedRoom } from '../joined-room.js';
import classes from './sound-blocked.module.css';

/** One large button, while the browser does not let the page play. */
export function SoundBlocked() {
  const { room: text } = useTexts();
  const { player } = useJoinedRoom();
  const isBlocked = useStore(player.status).is === 'blocked';
  if (!isBlocked) return null;
  return (
    <div className={classes.blocked}>
      <Button
        size="xl"
        radius="xl"
        fullWidth
        leftSection={<IconVolume aria-hidden />}
        onClick={() => void player.unlock()}
      >
        {text.turnOnSound}
      </Button>
      <Text size="sm" ta="center">
        {text.soundBlocked}
      </Text>
    </div>
  );
}
