import { ActionIcon, Title, Tooltip } from '@mantine/core';
import { IconDeviceTv } from '@tabler/icons-react';
import { Link } from 'wouter';
import { useTexts } from '../../i18n/language.js';
import { DeliveryPanelButton } from '../../delivery/delivery-panel-button.js';
import { AccountMenu } from '../../parts/account-menu.js';
import { AppearanceMenu } from '../../parts/appearance-menu.js';
import { RoomSettingsButton } from '../../settings/room-settings-button.js';
import { ShareButton } from '../../sharing/share-button.js';
import { useJoinedRoom, useRoomState } from '../joined-room.js';
import { LeaveButton } from './leave-button.js';
import classes from './room-header.module.css';

/** The name of the room, and what concerns all of it. A phone has only what is needed there. */
export function RoomHeader({ isPhone }: { isPhone: boolean }) {
  const name = useRoomState((state) => state.name);
  return (
    <header className={classes.header}>
      <Title order={1} id="room-name" tabIndex={-1} className={classes.name} dir="auto" title={name}>
        {name}
      </Title>
      <div className={classes.actions}>
        <ShareButton compact={isPhone} />
        <RoomSettingsButton />
        {!isPhone && <DeliveryPanelButton />}
        {!isPhone && <TvLink />}
        {!isPhone && <AppearanceMenu />}
        <AccountMenu hasAppearance={isPhone} />
        <LeaveButton />
      </div>
    </header>
  );
}

/** Shows the room on a big screen, in a page of its own. */
function TvLink() {
  const { room: text } = useTexts();
  const { room } = useJoinedRoom();
  return (
    <Tooltip label={text.tv}>
      <ActionIcon
        component={Link}
        href={`/rooms/${room.id}/tv`}
        target="_blank"
        size={44}
        radius="xl"
        variant="subtle"
        color="var(--mantine-color-text)"
        aria-label={text.tv}
      >
        <IconDeviceTv size={22} />
      </ActionIcon>
    </Tooltip>
  );
}
