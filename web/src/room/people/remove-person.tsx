import { Button, Modal, Stack, Text } from '@mantine/core';
import type { User } from '@roomcast/client';
import { useTexts } from '../../i18n/language.js';
import { isolate } from '../../parts/isolate.js';
import { useJoinedRoom } from '../joined-room.js';
import { useRun } from '../room-tools.js';

/** Asks the administrator whether to remove someone, or to ban them. */
export function RemovePerson({ user, onClose }: { user: User | undefined; onClose: () => void }) {
  const { common, room: text } = useTexts();
  const { room } = useJoinedRoom();
  const run = useRun();
  const remove = (isBan: boolean) => {
    if (user) run(isBan ? room.ban(user.id) : room.kick(user.id));
    onClose();
  };
  return (
    <Modal
      opened={user !== undefined}
      onClose={onClose}
      centered
      radius="lg"
      title={user && text.removeTitle(isolate(user.username))}
      closeButtonProps={{ 'aria-label': common.close }}
    >
      <Stack>
        <Text size="sm">{text.removeText}</Text>
        <Button h={44} variant="default" onClick={() => remove(false)}>
          {text.kick}
        </Button>
        <Button h={44} color="red.8" onClick={() => remove(true)}>
          {text.ban}
        </Button>
        <Button h={44} variant="subtle" color="gray" onClick={onClose}>
          {common.cancel}
        </Button>
      </Stack>
    </Modal>
  );
}
