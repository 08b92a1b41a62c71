import { useIntersection, useMergedRef } from '@mantine/hooks';
import { useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { useTexts } from '../../i18n/language.js';
import { MiniPlayer } from '../playing/mini-player.js';
import { NowPlaying } from '../playing/now-playing.js';
import classes from './layouts.module.css';
import { useRoomTabs } from './room-tabs.js';
import { ScrollArea } from './scroll-area.js';
import { OpenPart, SidePanel, useSideTabs } from './side-panels.js';

/** One column: what plays with the queue below it; or another part, with what plays in one line above the tabs. */
export function PhoneLayout() {
  const { room: text } = useTexts();
  const [selected, setSelected] = useState('queue');
  const tabs = useSideTabs();
  const { tabList, panel } = useRoomTabs(text.sections, tabs, selected, setSelected, 'bottom');
  const { ref, entry } = useIntersection<HTMLElement>({ threshold: 0.35 });
  const isPlayerSeen = selected === 'queue' && (entry?.isIntersecting ?? true);
  const player = useRef<HTMLElement>(null);
  const playerRef = useMergedRef(ref, player);
  const openPlayer = () => {
    // At once: the button that has the focus goes away, and the large player takes it.
    flushSync(() => setSelected('queue'));
    player.current?.scrollIntoView({ block: 'start' });
    player.current?.focus({ preventScroll: true });
  };
  return (
    <main className={classes.phone}>
      <ScrollArea key={selected} className={classes.fill}>
        {selected === 'queue' && (
          <div className={classes.phonePlayer}>
            <NowPlaying ref={playerRef} hasVolume={false} />
          </div>
        )}
        <div className={classes.phonePanel}>
          <OpenPart panel={panel}>
            <SidePanel tab={selected} />
          </OpenPart>
        </div>
      </ScrollArea>
      <div className={classes.bottom}>
        {!isPlayerSeen && <MiniPlayer onOpen={openPlayer} />}
        {tabList}
      </div>
    </main>
  );
}
