import { Modal, Stack, Text } from '@mantine/core';
import { useTexts } from '../i18n/language.js';
import { useFocusReturn } from '../parts/use-focus-return.js';
import { useJoinedRoom, useRoomState } from '../room/joined-room.js';
import { Invites } from './invites.js';
import { ShareLink } from './share-link.js';

/** How others come into the room: its link, or, for private rooms, invites. */
export function ShareDialog({ onClose }: { onClose: () => void }) {
  const { common, sharing } = useTexts();
  useFocusReturn();
  const { room } = useJoinedRoom();
  const isPrivate = useRoomState((state) => state.visibility === 'private');
  const isAdministrator = useRoomState((state) => state.administrator?.id === room.user.id);
  return (
    <Modal
      opened
      centered
      onClose={onClose}
      title={sharing.title}
      closeButtonProps={{ 'aria-label': common.close }}
    >
      <Stack>
        <Text size="sm" c="dimmed">
          {!isPrivate ? sharing.publicText : isAdministrator ? sharing.privateText : sharing.notAdministrator}
        </Text>
        {!isPrivate && <ShareLink url={`${location.origin}/rooms/${room.id}`} />}
        {isPrivate && isAdministrator && <Invites />}
      </Stack>
    </Modal>
  );
}
