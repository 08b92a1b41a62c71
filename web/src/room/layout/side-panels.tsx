import { IconActivity, IconHistory, IconPlaylist, IconUsers } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTexts } from '../../i18n/language.js';
import { ActivityPanel } from '../activity/activity-panel.js';
import { HistoryPanel } from '../activity/history-panel.js';
import { useRoomState } from '../joined-room.js';
import { PeoplePanel } from '../people/people-panel.js';
import { QueuePanel } from '../queue/queue-panel.js';
import { UploadList } from '../uploads/upload-list.js';
import panelClasses from './panel.module.css';
import type { RoomTab, useRoomTabs } from './room-tabs.js';

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

/** The part that is open. The user's uploads are above it, whichever it is: files can be dropped at any time. */
export function OpenPart({
  panel,
  children,
}: {
  /** The attributes of the panel of tabs. */
  panel: ReturnType<typeof useRoomTabs>['panel'];
  children: ReactNode;
}) {
  return (
    <div className={panelClasses.panel}>
      <UploadList />
      <div {...panel}>{children}</div>
    </div>
  );
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
