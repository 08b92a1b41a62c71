import { ActionIcon, Tooltip } from '@mantine/core';
import { IconActivityHeartbeat } from '@tabler/icons-react';
import { useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { lazyDialog } from '../parts/lazy-part.js';
import { useJoinedRoom, useRoomState } from '../room/joined-room.js';

const DeliveryDrawer = lazyDialog(
  async () => (await import('./delivery-drawer.js')).DeliveryDrawer,
  ({ onClose }) => onClose(),
  ({ isOpen }) => isOpen,
);

/** For the administrator: opens the panel that shows how listeners keep in time and what reached them. */
export function DeliveryPanelButton() {
  const { room } = useJoinedRoom();
  const isAdministrator = useRoomState((state) => state.administrator?.id) === room.user.id;
  return isAdministrator && <PanelButton />;
}

/** Apart, so that the panel is closed for who becomes administrator again. */
function PanelButton() {
  const { delivery: text } = useTexts();
  const [isOpen, setOpen] = useState(false);
  const [isLoaded, setLoaded] = useState(false);
  const open = () => {
    setLoaded(true);
    setOpen(true);
  };
  return (
    <>
      <Tooltip label={text.title}>
        <ActionIcon
          size={44}
          radius="xl"
          variant="subtle"
          color="var(--mantine-color-text)"
          aria-label={text.title}
          aria-haspopup="dialog"
          onClick={open}
        >
          <IconActivityHeartbeat size={22} />
        </ActionIcon>
      </Tooltip>
      {isLoaded && <DeliveryDrawer isOpen={isOpen} onClose={() => setOpen(false)} />}
    </>
  );
}
