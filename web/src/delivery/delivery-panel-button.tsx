import { ActionIcon, Tooltip } from '@mantine/core';
import { IconActivityHeartbeat } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { useJoinedRoom, useRoomState } from '../room/joined-room.js';

const DeliveryDrawer = lazy(() =>
  import('./delivery-drawer.js').then(({ DeliveryDrawer: drawer }) => ({ default: drawer })),
);

/** For the administrator: opens the panel that shows how listeners keep in time and what reached them. */
export function DeliveryPanelButton() {
  const { delivery: text } = useTexts();
  const { room } = useJoinedRoom();
  const isAdministrator = useRoomState((state) => state.administrator?.id) === room.user.id;
  const [isOpen, setOpen] = useState(false);
  const [isLoaded, setLoaded] = useState(false);
  if (!isAdministrator) return null;
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
      {isLoaded && (
        <Suspense>
          <DeliveryDrawer isOpen={isOpen} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
