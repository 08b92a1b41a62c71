import { IconActivity, IconHistory, IconPlaylist, IconUsers } from '@tabler/icons-react';
import { useTexts } from '../../i18n/language.js';
import { ActivityPanel } from '../activity/activity-panel.js';
import { HistoryPanel } from '../activity/history-panel.js';
import { useRoomState } from '../joined-room.js';
import { PeoplePanel } from '../people/people-panel.js';
import { QueuePanel } from '../queue/queue-panel.js';
import type { RoomTab } from './room-tabs.js';

/** The parts of the room of which a small screen shows one at a time. */
export function useSideTabs(): readonly RoomTab[] {
  const { room: text } = useTexts();
  const waiting = useRoomState((state) => state.queue.length);
  const online = useRoomState((state) => state.online_count);
  return [
    { key: 'queue', label: text.queueTab, icon: IconPlaylist, count: waiting },
    { key: 'people', label: text.people, icon: IconUsers, count: online },
    { key: 'activity', label: text.activity, icon: IconActivity },
    { key: 'history', label: text.history, icon: IconHistory },
  ];
}

export function SidePanel({ tab }: { tab: string }) {
  switch (tab) {
    case 'people':
      return <PeoplePanel />;
    case 'activity':
      return <ActivityPanel />;
    case 'history':
      return <HistoryPanel />;
    default:
      return <QueuePanel />;
  }
}
