import { ActionIcon, Tooltip } from '@mantine/core';
import { IconListCheck, IconSettings } from '@tabler/icons-react';
import { useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { lazyDialog } from '../parts/lazy-part.js';
import { useIsAdministrator } from './room-rules.js';

const RoomSettingsDrawer = lazyDialog(
  async () => (await import('./room-settings-drawer.js')).RoomSettingsDrawer,
  ({ onClose }) => onClose(),
  ({ isOpen }) => isOpen,
);

/** Opens the settings of the room; for those who do not administer it, its rules. Loads them when first opened. */
export function RoomSettingsButton() {
  const { roomSettings: text } = useTexts();
  const isAdministrator = useIsAdministrator();
  const [isOpen, setOpen] = useState(false);
  const [isLoaded, setLoaded] = useState(false);
  const label = isAdministrator ? text.title : text.rules;
  const open = () => {
    setLoaded(true);
    setOpen(true);
  };
  return (
    <>
      <Tooltip label={label}>
        <ActionIcon
          size={44}
          radius="xl"
          variant="subtle"
          color="var(--mantine-color-text)"
          aria-label={label}
          aria-haspopup="dialog"
          onClick={open}
        >
          {isAdministrator ? <IconSettings size={22} /> : <IconListCheck size={22} />}
        </ActionIcon>
      </Tooltip>
      {isLoaded && <RoomSettingsDrawer isOpen={isOpen} onClose={() => setOpen(false)} />}
    </>
  );
}
