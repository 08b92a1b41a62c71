import { IconHistory, IconPlaylist } from '@tabler/icons-react';
import { useState } from 'react';
import { useTexts } from '../../i18n/language.js';
import { ActivityPanel } from '../activity/activity-panel.js';
import { HistoryPanel } from '../activity/history-panel.js';
import { useRoomState } from '../joined-room.js';
import { PeoplePanel } from '../people/people-panel.js';
import { NowPlaying } from '../playing/now-playing.js';
import { QueuePanel } from '../queue/queue-panel.js';
import classes from './layouts.module.css';
import { useRoomTabs } from './room-tabs.js';
import { ScrollArea } from './scroll-area.js';
import { OpenPart } from './side-panels.js';

/** Three columns: what comes and what was, what plays, who is here and what happens. */
export function DesktopLayout() {
  const { room: text } = useTexts();
  const [selected, setSelected] = useState('queue');
  const waiting = useRoomState((state) => state.queue.length);
  const tabs = [
    { key: 'queue', label: text.queueTab, icon: IconPlaylist, count: waiting },
    { key: 'history', label: text.history, icon: IconHistory },
  ];
  const { tabList, panel } = useRoomTabs(text.sections, tabs, selected, setSelected, 'top');
  return (
    <main className={classes.desktop}>
      <div className={classes.column}>
        {tabList}
        <ScrollArea key={selected} className={classes.fill}>
          <OpenPart panel={panel}>{selected === 'queue' ? <QueuePanel /> : <HistoryPanel />}</OpenPart>
        </ScrollArea>
      </div>
      <ScrollArea className={classes.middle}>
        <NowPlaying hasVolume />
      </ScrollArea>
      <div className={classes.column}>
        <ScrollArea className={classes.half}>
          <PeoplePanel />
        </ScrollArea>
        <ScrollArea className={classes.fill}>
          <ActivityPanel />
        </ScrollArea>
      </div>
    </main>
  );
}
