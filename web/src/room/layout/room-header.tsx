import { Title } from '@mantine/core';
import { useRoomState } from '../joined-room.js';
import { LeaveButton } from './leave-button.js';
import classes from './room-header.module.css';

/** The name of the room, and what concerns all of it. */
export function RoomHeader() {
  const name = useRoomState((state) => state.name);
  return (
    <header className={classes.header}>
      <Title order={1} className={classes.name} dir="auto" title={name}>
        {name}
      </Title>
      <div className={classes.actions}>
        {/* SLOT: ShareButton from ../../sharing/share-button.js */}
        {/* SLOT: RoomSettingsButton from ../../settings/room-settings-button.js */}
        {/* SLOT: DeliveryPanelButton from ../../delivery/delivery-panel-button.js */}
        {/* SLOT: link to /rooms/:id/tv, then AppearanceMenu and AccountMenu from ../../parts */}
        <LeaveButton />
      </div>
    </header>
  );
}
