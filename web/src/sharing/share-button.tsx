import { ActionIcon, Button } from '@mantine/core';
import { IconUserPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useTexts } from '../i18n/language.js';
import { lazyDialog } from '../parts/lazy-part.js';

const ShareDialog = lazyDialog(
  async () => (await import('./share-dialog.js')).ShareDialog,
  ({ onClose }) => onClose(),
);

/** Opens the dialog with the link into the room. Inside a room only. */
export function ShareButton({ compact = false }: { /** An icon alone. */ compact?: boolean }) {
  const { sharing } = useTexts();
  const [opened, setOpened] = useState(false);
  const open = () => setOpened(true);
  return (
    <>
      {compact ? (
        <ActionIcon
          variant="subtle"
          color="gray"
          size={44}
          radius="xl"
          aria-label={sharing.share}
          onClick={open}
        >
          <IconUserPlus size={22} />
        </ActionIcon>
      ) : (
        <Button
          variant="light"
          radius="xl"
          h={44}
          leftSection={<IconUserPlus size={20} aria-hidden />}
          onClick={open}
        >
          {sharing.share}
        </Button>
      )}
      {opened && <ShareDialog onClose={() => setOpened(false)} />}
    </>
  );
}
