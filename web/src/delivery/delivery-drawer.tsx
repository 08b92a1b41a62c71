import { Drawer, Tabs } from '@mantine/core';
import { useTexts } from '../i18n/language.js';
import { useFocusReturn } from '../parts/use-focus-return.js';
import { EventLog } from './event-log.js';
import { Listeners } from './listeners.js';

/** How listeners keep in time with the room, and which events have reached whom. */
export function DeliveryDrawer({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { common, delivery: text } = useTexts();
  useFocusReturn(isOpen);
  return (
    <Drawer
      opened={isOpen}
      onClose={onClose}
      position="right"
      size={900}
      title={text.title}
      closeButtonProps={{ 'aria-label': common.close, size: 44 }}
    >
      <Tabs defaultValue="listeners" keepMounted={false}>
        <Tabs.List grow mb="md">
          <Tabs.Tab value="listeners" h={44}>
            {text.listeners}
          </Tabs.Tab>
          <Tabs.Tab value="events" h={44}>
            {text.events}
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="listeners">
          <Listeners />
        </Tabs.Panel>
        <Tabs.Panel value="events">
          <EventLog />
        </Tabs.Panel>
      </Tabs>
    </Drawer>
  );
}
