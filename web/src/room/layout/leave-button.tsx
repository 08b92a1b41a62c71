import { ActionIcon, Button, Group, Modal, Stack, Text, Tooltip } from '@mantine/core';
import { IconDoorExit } from '@tabler/icons-react';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { useTexts } from '../../i18n/language.js';
import { useJoinedRoom, useRoomState } from '../joined-room.js';
import { useIsAdministrator } from '../permissions.js';
import { useRun } from '../room-tools.js';

/**
 * Leaves the room. The administrator is asked first, because another one takes over; so is everyone in a private room,
 * because they need an invite to come back.
 */
export function LeaveButton() {
  const { common, room: text } = useTexts();
  const { room } = useJoinedRoom();
  const run = useRun();
  const [, navigate] = useLocation();
  const isAdministrator = useIsAdministrator();
  const isPrivate = useRoomState((state) => state.visibility === 'private');
  const [isAsked, setAsked] = useState(false);
  const leave = () => {
    setAsked(false);
    run(room.leave().then(() => navigate('/')));
  };
  return (
    <>
      <Tooltip label={text.leave}>
        <ActionIcon
          size={44}
          radius="xl"
          variant="subtle"
          color="var(--mantine-color-text)"
          aria-label={text.leave}
          onClick={() => (isAdministrator || isPrivate ? setAsked(true) : leave())}
        >
          <IconDoorExit size={22} />
        </ActionIcon>
      </Tooltip>
      <Modal
        opened={isAsked}
        onClose={() => setAsked(false)}
        centered
        radius="lg"
        title={text.leaveTitle}
        closeButtonProps={{ 'aria-label': common.close }}
      >
        <Stack>
          {isAdministrator && <Text size="sm">{text.leaveAdministrator}</Text>}
          {isPrivate && <Text size="sm">{text.leavePrivate}</Text>}
          <Group justify="flex-end">
            <Button h={44} variant="default" onClick={() => setAsked(false)}>
              {common.cancel}
            </Button>
            <Button h={44} onClick={leave}>
              {text.leave}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
