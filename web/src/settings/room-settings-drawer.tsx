import { Drawer } from '@mantine/core';
import { useTexts } from '../i18n/language.js';
import { useFocusReturn } from '../parts/use-focus-return.js';
import { useIsAdministrator } from './room-rules.js';
import { RuleList } from './rule-list.js';
import { SettingsForm } from './settings-form.js';

/** The settings for the administrator, the rules for everyone else. */
export function RoomSettingsDrawer({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { common, roomSettings: text } = useTexts();
  const isAdministrator = useIsAdministrator();
  useFocusReturn(isOpen);
  return (
    <Drawer
      opened={isOpen}
      onClose={onClose}
      position="right"
      size={440}
      title={isAdministrator ? text.title : text.rules}
      closeButtonProps={{ 'aria-label': common.close, size: 44 }}
    >
      {isAdministrator ? <SettingsForm /> : <RuleList />}
    </Drawer>
  );
}
