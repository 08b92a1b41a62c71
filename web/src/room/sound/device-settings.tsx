import { Button, Group, Stack, Switch, Text } from '@mantine/core';
import { useId, useState } from 'react';
import { useTexts } from '../../i18n/language.js';
import { useJoinedRoom } from '../joined-room.js';
import range from './range.module.css';
import { VolumeControl } from './volume-control.js';

const maxMs = 500;

/** What the user may set for the device: volume, delay, and clicks to set the delay by ear. */
export function DeviceSettings() {
  const { room: text } = useTexts();
  const { player } = useJoinedRoom();
  const [offsetMs, setOffsetMs] = useState(Math.round(player.offset * 1000));
  const [clicks, setClicks] = useState(player.clicks);
  const labelId = useId();
  const hintId = useId();
  const change = (ms: number) => {
    player.offset = ms / 1000;
    setOffsetMs(Math.round(player.offset * 1000));
  };
  const limit = Math.max(maxMs, Math.abs(offsetMs));
  return (
    <Stack gap="sm">
      <VolumeControl />
      <div>
        <Group justify="space-between" gap="xs">
          <Text size="sm" fw={600} id={labelId}>
            {text.sync.offset}
          </Text>
          <Text size="sm" dir="ltr">
            {text.sync.milliseconds(offsetMs)}
          </Text>
        </Group>
        <input
          type="range"
          className={range.range}
          aria-labelledby={labelId}
          aria-describedby={hintId}
          aria-valuetext={text.sync.milliseconds(offsetMs)}
          min={-limit}
          max={limit}
          step={5}
          value={offsetMs}
          style={{ '--filled': `${((offsetMs + limit) / (2 * limit)) * 100}%` } as React.CSSProperties}
          onChange={({ currentTarget }) => change(Number(currentTarget.value))}
        />
        <Text size="xs" c="dimmed" id={hintId}>
          {text.sync.offsetHint}
        </Text>
      </div>
      <Group justify="space-between">
        <Switch
          label={text.sync.clicks}
          checked={clicks}
          onChange={({ currentTarget }) => {
            player.clicks = currentTarget.checked;
            setClicks(currentTarget.checked);
          }}
        />
        <Button variant="subtle" size="compact-sm" disabled={offsetMs === 0} onClick={() => change(0)}>
          {text.sync.reset}
        </Button>
      </Group>
    </Stack>
  );
}
