import { useState } from 'react';
import { useTexts } from '../../i18n/language.js';
import { NowPlaying } from '../playing/now-playing.js';
import classes from './layouts.module.css';
import { useRoomTabs } from './room-tabs.js';
import { ScrollArea } from './scroll-area.js';
import { OpenPart, SidePanel, useSideTabs } from './side-panels.js';

/** Two columns: what plays, and one of the other parts. */
export function TabletLayout() {
  const { room: text } = useTexts();
  const [selected, setSelected] = useState('queue');
  const tabs = useSideTabs();
  const { tabList, panel } = useRoomTabs(text.sections, tabs, selected, setSelected, 'top');
  return (
    <main className={classes.tablet}>
      <ScrollArea className={classes.middle}>
        <NowPlaying hasVolume />
      </ScrollArea>
      <div className={classes.column}>
        {tabList}
        <ScrollArea key={selected} className={classes.fill}>
          <OpenPart panel={panel}>
            <SidePanel tab={selected} />
          </OpenPart>
        </ScrollArea>
      </div>
    </main>
  );
}
