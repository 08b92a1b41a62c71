import { Popover, UnstyledButton, VisuallyHidden } from '@mantine/core';
import type { PlayerStatus } from '@roomcast/client/player';
import { useEffect, useState } from 'react';
import { type Texts, useTexts } from '../../i18n/language.js';
import { InlineFailure, lazyPart } from '../../parts/lazy-part.js';
import { useStore } from '../../stores/use-store.js';
import { useJoinedRoom } from '../joined-room.js';
import { useRoomTools } from '../room-tools.js';
import tokens from '../tokens.module.css';
import classes from './sync-badge.module.css';

const DeviceSettings = lazyPart(
  () => import('./device-settings.js').then(({ DeviceSettings: component }) => component),
  {
    loading: () => <div className={classes.loading} />,
    failed: (_props, failure) => <InlineFailure {...failure} />,
  },
);

/** How often the number of milliseconds is read. */
const readEveryMs = 1_000;

/** How well this device plays in step with the room, in words; behind it are the settings of the device. */
export function SyncBadge() {
  const { room: text } = useTexts();
  const { player } = useJoinedRoom();
  const { sound } = useRoomTools();
  const status = useStore(player.status);
  const { muted } = useStore(sound);
  const ms = useErrorMs(status.is === 'in_step');
  const words = muted && status.is !== 'silent' ? text.sync.muted : wordsFor(status, text);
  return (
    <Popover width={320} position="bottom" radius="lg" shadow="lg" withArrow trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton className={classes.badge} data-status={status.is}>
          <span className={classes.dot} />
          <VisuallyHidden>{text.sync.title}:</VisuallyHidden>
          <span>{words}</span>
          {ms !== undefined && !muted && (
            <span className={classes.number}>· {text.sync.milliseconds(ms)}</span>
          )}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown className={tokens.tokens} aria-label={text.sync.title}>
        <DeviceSettings />
      </Popover.Dropdown>
    </Popover>
  );
}

function wordsFor(status: PlayerStatus, { sync }: Texts['room']): string {
  if (status.is !== 'silent') return sync[status.is];
  if (status.reason === 'paused' || status.reason === 'unplayable') return sync[status.reason];
  return status.reason === 'starting' ? sync.buffering : sync.silent;
}

function useErrorMs(isHeard: boolean): number | undefined {
  const { player } = useJoinedRoom();
  const [ms, setMs] = useState<number>();
  useEffect(() => {
    if (!isHeard) return setMs(undefined);
    const read = () => setMs(player.heard && Math.abs(Math.round(player.heard.error * 1000)));
    read();
    const timer = setInterval(read, readEveryMs);
    return () => clearInterval(timer);
  }, [player, isHeard]);
  return ms;
}
